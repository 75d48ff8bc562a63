const response = await fetch("https://api.cometapi.com/v1/models", {
  headers: { authorization: `Bearer ${process.env.COMETAPI_KEY}` },
});
if (!response.ok) throw new Error(`CometAPI answered ${response.status}`);
const { data } = await response.json();
console.log(`This key may use ${data.map(({ id }) => id).join(", ")}`);
