// A telephone in a browser: calls, or registers and is called, and says what happens to the page's own server.
import JsSIP from "jssip";

const wishes = Object.fromEntries(new URLSearchParams(location.search));
const say = (event, more = {}) => fetch("/said", { method: "POST", body: JSON.stringify({ event, ...more }) });
const media = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };

async function packets(connection) {
  for (const each of (await connection.getStats()).values())
    if (each.type === "inbound-rtp" && each.kind === "audio") return each.packetsReceived;
  return 0;
}

const watched = (session, about) => ({
  progress: () => say("progress", about),
  failed: (e) =>
    say("failed", {
      ...about, cause: e.cause, status: e.message?.status_code ?? 0, reason: e.message?.getHeader?.("Reason") ?? "",
    }),
  confirmed: async () => {
    say("confirmed", about);
    while (session().isEstablished() && (await packets(session().connection)) < Number(wishes.hears))
      await new Promise((done) => setTimeout(done, 100));
    say("heard", { ...about, packets: session().connection ? await packets(session().connection) : 0 });
    if (wishes.leaves === "yes") session().terminate();
  },
  ended: (e) => say("ended", { ...about, by: e.originator }),
});

function call(ua, server, target) {
  const session = ua.call(target, { ...media, eventHandlers: watched(() => session, { server, target }) });
}

for (const server of wishes.server.split(",")) {
  const ua = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(server)],
    uri: wishes.uri,
    display_name: wishes.name,
    register: Boolean(wishes.password),
    password: wishes.password,
  });
  ua.on("connected", () => say("connected"));
  ua.on("connected", () => wishes.target && wishes.target.split(",").forEach((target) => call(ua, server, target)));
  ua.on("registered", () => say("registered"));
  ua.on("registrationFailed", (e) => say("registrationFailed", { cause: e.cause }));
  ua.on("newRTCSession", ({ originator, session, request }) => {
    if (originator !== "remote") return;
    say("rings", { from: request.from.uri.user });
    for (const [event, handler] of Object.entries(watched(() => session, {}))) session.on(event, handler);
    session.answer(media);
  });
  ua.start();
}
