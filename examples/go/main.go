package main

import (
	"github.com/pulumi/pulumi-cometapi/sdk/go/cometapi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// CometAPI counts quota in units.
const unitsPerDollar = 500_000

func main() {
	pulumi.Run(declare)
}

func declare(ctx *pulumi.Context) error {
	// Without a provider of its own, a key is in the account of the stack's configuration.
	backend, err := cometapi.NewCometApiKey(ctx, "backend", &cometapi.CometApiKeyArgs{
		RemainQuota: pulumi.Float64(25 * unitsPerDollar),
		ModelLimits: pulumi.ToStringArray([]string{"gpt-5"}),
	})
	if err != nil {
		return err
	}

	// `pulumi up` renews it: run that on a schedule.
	rotating, err := cometapi.NewRotatingCometApiKey(ctx, "rotating", &cometapi.RotatingCometApiKeyArgs{
		Every:       "P30D",
		Overlap:     "P2D",
		Anchor:      pulumi.StringRef("2026-01-05T09:00:00Z"),
		RemainQuota: pulumi.Float64(20 * unitsPerDollar),
	})
	if err != nil {
		return err
	}

	// `pulumi config set --secret billingToken`: what is secret there is encrypted in the provider too.
	billing, err := cometapi.NewProvider(ctx, "billing", &cometapi.ProviderArgs{
		AccessToken: config.RequireSecret(ctx, "billingToken"),
	})
	if err != nil {
		return err
	}
	invoices, err := cometapi.NewCometApiKey(ctx, "invoices", &cometapi.CometApiKeyArgs{
		RemainQuota: pulumi.Float64(10 * unitsPerDollar),
	}, pulumi.Provider(billing))
	if err != nil {
		return err
	}
	account := cometapi.GetCometApiAccountOutput(ctx, cometapi.GetCometApiAccountOutputArgs{}, pulumi.Provider(billing))

	ctx.Export("backendKey", backend.Key)
	ctx.Export("rotatingKey", rotating.Key)
	// Run `pulumi up` soon after this.
	ctx.Export("rotatesAt", rotating.RotatesAt)
	ctx.Export("invoicesKey", invoices.Key)
	// What the account of the invoices has left.
	ctx.Export("billingUsd", account.AvailableUsd())
	return nil
}
