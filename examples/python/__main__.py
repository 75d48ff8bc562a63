import pulumi
import pulumi_cometapi as cometapi

# CometAPI counts quota in units.
UNITS_PER_DOLLAR = 500_000

config = pulumi.Config()

# Without a provider of its own, a key is in the account of the stack's configuration.
backend = cometapi.CometApiKey(
    "backend",
    remain_quota=25 * UNITS_PER_DOLLAR,
    model_limits=["gpt-5"],
)

# `pulumi up` renews it: run that on a schedule.
rotating = cometapi.RotatingCometApiKey(
    "rotating",
    every="P30D",
    overlap="P2D",
    anchor="2026-01-05T09:00:00Z",
    remain_quota=20 * UNITS_PER_DOLLAR,
)

# `pulumi config set --secret billingToken`: what is secret there is encrypted in the provider too.
billing = cometapi.Provider("billing", access_token=config.require_secret("billingToken"))
invoices = cometapi.CometApiKey(
    "invoices",
    remain_quota=10 * UNITS_PER_DOLLAR,
    opts=pulumi.ResourceOptions(provider=billing),
)
billing_account = cometapi.get_comet_api_account_output(opts=pulumi.InvokeOutputOptions(provider=billing))

pulumi.export("backendKey", backend.key)
pulumi.export("rotatingKey", rotating.key)
# Run `pulumi up` soon after this.
pulumi.export("rotatesAt", rotating.rotates_at)
pulumi.export("invoicesKey", invoices.key)
# What the account of the invoices has left.
pulumi.export("billingUsd", billing_account.available_usd)
