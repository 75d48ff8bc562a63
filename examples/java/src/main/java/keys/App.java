package keys;

import com.pulumi.Context;
import com.pulumi.Pulumi;
import com.pulumi.cometapi.CometApiKey;
import com.pulumi.cometapi.CometApiKeyArgs;
import com.pulumi.cometapi.CometapiFunctions;
import com.pulumi.cometapi.Provider;
import com.pulumi.cometapi.ProviderArgs;
import com.pulumi.cometapi.RotatingCometApiKey;
import com.pulumi.cometapi.RotatingCometApiKeyArgs;
import com.pulumi.cometapi.inputs.GetCometApiAccountArgs;
import com.pulumi.cometapi.outputs.GetCometApiAccountResult;
import com.pulumi.deployment.InvokeOutputOptions;
import com.pulumi.resources.CustomResourceOptions;

public class App {
    // CometAPI counts quota in units.
    private static final double UNITS_PER_DOLLAR = 500_000;

    public static void main(String[] args) {
        Pulumi.run(App::declare);
    }

    private static void declare(Context ctx) {
        // Without a provider of its own, a key is in the account of the stack's configuration.
        var backend = new CometApiKey("backend", CometApiKeyArgs.builder()
            .remainQuota(25 * UNITS_PER_DOLLAR)
            .modelLimits("gpt-5")
            .build());

        // `pulumi up` renews it: run that on a schedule.
        var rotating = new RotatingCometApiKey("rotating", RotatingCometApiKeyArgs.builder()
            .every("P30D")
            .overlap("P2D")
            .anchor("2026-01-05T09:00:00Z")
            .remainQuota(20 * UNITS_PER_DOLLAR)
            .build());

        // `pulumi config set --secret billingToken`: what is secret there is encrypted in the provider too.
        var billing = new Provider("billing", ProviderArgs.builder()
            .accessToken(ctx.config().requireSecret("billingToken"))
            .build());
        var invoices = new CometApiKey("invoices", CometApiKeyArgs.builder()
            .remainQuota(10 * UNITS_PER_DOLLAR)
            .build(), CustomResourceOptions.builder()
            .provider(billing)
            .build());
        var billingAccount = CometapiFunctions.getCometApiAccount(
            GetCometApiAccountArgs.Empty,
            InvokeOutputOptions.builder().provider(billing).build());

        ctx.export("backendKey", backend.key());
        ctx.export("rotatingKey", rotating.key());
        // Run `pulumi up` soon after this.
        ctx.export("rotatesAt", rotating.rotatesAt());
        ctx.export("invoicesKey", invoices.key());
        // What the account of the invoices has left.
        ctx.export("billingUsd", billingAccount.applyValue(GetCometApiAccountResult::availableUsd));
    }
}
