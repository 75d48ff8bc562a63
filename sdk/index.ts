export { CometApiKey, type CometApiKeyArgs, type CometApiKeyStatus } from "./cometApiKey";
