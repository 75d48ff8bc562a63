module.exports = require("pulumi-cometapi/plugin");
