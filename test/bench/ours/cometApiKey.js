module.exports = require("pulumi-cometapi");
