// A service, as far as CometAPI sees it: it takes its key from the environment and makes a model request.
const { COMETAPI_BASE_URL, COMETAPI_KEY } = process.env;
const [service] = process.argv.slice(2);

const response = await fetch(`${COMETAPI_BASE_URL}/v1/chat/completions`, {
  method: "POST",
  headers: { authorization: `Bearer ${COMETAPI_KEY}`, "content-type": "application/json" },
  body: JSON.stringify({
    model: "gpt-5-mini",
    messages: [{ role: "user", content: `Say hello to the ${service} team.` }],
  }),
});
const answer = await response.json();
if (!response.ok) throw new Error(`${response.status}: ${answer.error?.message}`);
console.log(answer.choices[0].message.content);
