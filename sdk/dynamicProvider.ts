/**
 * The text every state file holds in place of a provider, and what deletes old resources years from now: it may
 * never change, nor may what it names move. `dynamic.Resource` would serialize the provider's code instead, or
 * the path it was found at, which another package manager or the next version moves; and every byte of it is
 * stored twice a key. A test holds it to the letter.
 */
export const dynamicProvider = 'exports.handler=()=>require("pulumi-cometapi/provider")';
