// The same call with node-ari-client: answer, prompt, one key, hang up. A process of its own, to measure its CPU.
// node controller.js ADDRESS USER PASSWORD PROMPT; says "ready" when it takes calls.
"use strict";

const ari = require("ari-client");

async function main(address, user, password, prompt) {
  const client = await ari.connect(address, user, password);
  const gone = (error) => {
    if (!/not found/i.test(error.message)) throw error; // the caller has hung up
  };
  client.on("StasisStart", async (_event, channel) => {
    channel.on("ChannelDtmfReceived", () => channel.hangup().catch(gone));
    try {
      await channel.answer();
      await channel.play({ media: `sound:${prompt}` });
    } catch (error) {
      gone(error);
    }
  });
  await client.start("bench-node");
  console.log("ready");
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
