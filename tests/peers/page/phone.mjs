// A telephone in a browser: calls once, says what happens to the page's own server, and leaves when it was told to.
import JsSIP from "jssip";

const wishes = Object.fromEntries(new URLSearchParams(location.search));
const say = (event, more = {}) => fetch("/said", { method: "POST", body: JSON.stringify({ event, ...more }) });

async function packets(connection) {
  for (const each of (await connection.getStats()).values())
    if (each.type === "inbound-rtp" && each.kind === "audio") return each.packetsReceived;
  return 0;
}

function call(ua) {
  const session = ua.call(wishes.target, {
    mediaConstraints: { audio: true, video: false },
    pcConfig: { iceServers: [] },
    eventHandlers: {
      progress: () => say("progress"),
      failed: (e) =>
        say("failed", { cause: e.cause, status: e.message?.status_code ?? 0, reason: e.message?.getHeader?.("Reason") ?? "" }),
      confirmed: async () => {
        say("confirmed");
        while (session.isEstablished() && (await packets(session.connection)) < 50)
          await new Promise((done) => setTimeout(done, 100));
        say("heard", { packets: session.connection ? await packets(session.connection) : 0 });
        if (wishes.leaves === "yes") session.terminate();
      },
      ended: (e) => say("ended", { by: e.originator }),
    },
  });
}

const ua = new JsSIP.UA({
  sockets: [new JsSIP.WebSocketInterface(wishes.server)],
  uri: wishes.uri,
  display_name: wishes.name,
  register: false,
});
ua.on("connected", () => say("connected"));
ua.on("connected", () => call(ua));
ua.start();
