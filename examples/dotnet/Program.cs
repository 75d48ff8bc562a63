using System.Collections.Generic;
using Pulumi;
using CometApi = Pulumi.CometApi;

// CometAPI counts quota in units.
const double unitsPerDollar = 500_000;

return await Deployment.RunAsync(() =>
{
    var config = new Config();

    // Without a provider of its own, a key is in the account of the stack's configuration.
    var backend = new CometApi.CometApiKey("backend", new CometApi.CometApiKeyArgs
    {
        RemainQuota = 25 * unitsPerDollar,
        ModelLimits = { "gpt-5" },
    });

    // `pulumi up` renews it: run that on a schedule.
    var rotating = new CometApi.RotatingCometApiKey("rotating", new CometApi.RotatingCometApiKeyArgs
    {
        Every = "P30D",
        Overlap = "P2D",
        Anchor = "2026-01-05T09:00:00Z",
        RemainQuota = 20 * unitsPerDollar,
    });

    // `pulumi config set --secret billingToken`: what is secret there is encrypted in the provider too.
    var billing = new CometApi.Provider("billing", new CometApi.ProviderArgs
    {
        AccessToken = config.RequireSecret("billingToken"),
    });
    var invoices = new CometApi.CometApiKey("invoices", new CometApi.CometApiKeyArgs
    {
        RemainQuota = 10 * unitsPerDollar,
    }, new CustomResourceOptions { Provider = billing });
    var billingAccount = CometApi.GetCometApiAccount.Invoke(
        new CometApi.GetCometApiAccountInvokeArgs(),
        new InvokeOptions { Provider = billing });

    return new Dictionary<string, object?>
    {
        ["backendKey"] = backend.Key,
        ["rotatingKey"] = rotating.Key,
        // Run `pulumi up` soon after this.
        ["rotatesAt"] = rotating.RotatesAt,
        ["invoicesKey"] = invoices.Key,
        // What the account of the invoices has left.
        ["billingUsd"] = billingAccount.Apply(account => account.AvailableUsd),
    };
});
