// What a careful person would write in an afternoon from CometAPI's pages on keys.
const pulumi = require("@pulumi/pulumi");

class CometApiKeyProvider {
  async request(method, path, body) {
    const response = await fetch(`${process.env.COMETAPI_BASE_URL}${path}`, {
      method,
      headers: { Authorization: process.env.COMETAPI_ACCESS_TOKEN, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const answer = await response.json();
    if (!answer.success) {
      throw new Error(`CometAPI refused ${method} ${path}: ${answer.message}`);
    }
    return answer.data;
  }

  toApi(inputs) {
    const { expiredTime, modelLimits = [], allowIps = [] } = inputs;
    return {
      name: inputs.name,
      expired_time: expiredTime ? Math.floor(Date.parse(expiredTime) / 1000) : -1,
      remain_quota: inputs.remainQuota ?? 0,
      unlimited_quota: inputs.unlimitedQuota ?? false,
      model_limits_enabled: modelLimits.length > 0,
      model_limits: modelLimits.join(","),
      allow_ips: allowIps.join("\n"),
      group: inputs.group ?? "",
      cross_group_retry: inputs.crossGroupRetry ?? false,
    };
  }

  toOutputs(record, inputs) {
    const time = (seconds) => new Date(seconds * 1000).toISOString();
    return {
      ...inputs,
      key: record.key,
      status: ["", "enabled", "disabled", "expired", "exhausted"][record.status],
      unlimitedQuota: record.unlimited_quota,
      modelLimitsEnabled: record.model_limits_enabled,
      group: record.group,
      crossGroupRetry: record.cross_group_retry,
      userId: record.user_id,
      createdTime: time(record.created_time),
      accessedTime: time(record.accessed_time),
      usedQuota: record.used_quota,
      availableQuota: record.remain_quota,
    };
  }

  async diff(_id, olds, news) {
    const before = this.toApi(olds);
    const after = this.toApi(news);
    return { changes: Object.keys(after).some((field) => before[field] !== after[field]) };
  }

  async create(inputs) {
    await this.request("POST", "/api/token/", this.toApi(inputs));
    // The newest keys come first.
    const { items } = await this.request("GET", "/api/token/?p=1&page_size=100");
    const record = items.find((item) => item.name === inputs.name);
    if (!record) {
      throw new Error(`the new key "${inputs.name}" is not in the list`);
    }
    return { id: String(record.id), outs: this.toOutputs(record, inputs) };
  }

  async read(id, props) {
    const record = await this.request("GET", `/api/token/${id}`);
    return { id, props: this.toOutputs(record, { ...props, name: record.name }) };
  }

  async update(id, _olds, news) {
    const body = { id: Number(id), status: 1, ...this.toApi(news) };
    const record = await this.request("PUT", "/api/token/", body);
    return { outs: this.toOutputs(record, news) };
  }

  async delete(id) {
    await this.request("DELETE", `/api/token/${id}`);
  }
}

const provider = new CometApiKeyProvider();

exports.CometApiKey = class extends pulumi.dynamic.Resource {
  constructor(name, args, opts) {
    const outputs = {
      key: undefined,
      status: undefined,
      availableQuota: undefined,
      usedQuota: undefined,
      unlimitedQuota: undefined,
      modelLimitsEnabled: undefined,
      group: undefined,
      crossGroupRetry: undefined,
      userId: undefined,
      createdTime: undefined,
      accessedTime: undefined,
    };
    super(
      provider,
      name,
      { ...outputs, ...args },
      { ...opts, additionalSecretOutputs: ["key"] },
      "cometapi",
      "CometApiKey",
    );
  }
};
