// How well a conversation is carried, from what WebRTC counts: `good`, `fair`, `poor`, or "" while it is not known.
// The limits are those at which people begin to notice, and to complain.

const EVERY = 3000; // ms
const FAIR = { lost: 0.02, jitter: 0.03, round_trip: 0.25 }; // a share, seconds, seconds
const POOR = { lost: 0.08, jitter: 0.08, round_trip: 0.5 };

// Calls `tell(quality)` again and again until the connection is closed.
export function watchQuality(connection, tell) {
  let before = { received: 0, lost: 0 };
  const timer = setInterval(async () => {
    if (connection.connectionState === "closed") return clearInterval(timer), tell("");
    const figures = { lost: 0, jitter: 0, round_trip: 0 };
    for (const report of (await connection.getStats()).values()) {
      if (report.type === "inbound-rtp") {
        const received = report.packetsReceived - before.received, lost = report.packetsLost - before.lost;
        figures.lost = received + lost > 0 ? Math.max(0, lost / (received + lost)) : 1; // nothing came at all
        figures.jitter = report.jitter ?? 0;
        before = { received: report.packetsReceived, lost: report.packetsLost };
      } else if (report.type === "remote-inbound-rtp") figures.round_trip = report.roundTripTime ?? 0;
    }
    const over = (limits) => Object.keys(limits).some((name) => figures[name] > limits[name]);
    tell(over(POOR) ? "poor" : over(FAIR) ? "fair" : "good");
  }, EVERY);
}
