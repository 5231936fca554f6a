"""The words of the services that pages show in the language of whoever looks: verdicts, steps, categories."""

from __future__ import annotations

from console.web.translation import mark

VERDICTS = {
    "forward": mark("forward"),
    "tag": mark("tag"),
    "reject": mark("reject"),
    "divert": mark("divert"),
    "refused": mark("refused"),
}
# `rules.model.Step`, and what stands beside these in an explanation.
STEPS = (
    mark("emergency"),
    mark("emergency callback"),
    mark("subscriber allow list"),
    mark("allow list"),
    mark("sealed"),
    mark("subscriber block list"),
    mark("block list"),
    mark("ladder"),
    mark("deciding rule"),
    mark("shared list"),
    mark("suspicion"),
    mark("no rule"),
    mark("fail open"),
    mark("call"),
    mark("lists"),
    mark("entry"),
    mark("verdict"),
    mark("outcome"),
    mark("on the wire"),
    mark("rules"),
    mark("proxy"),
)
# `rules.settings.screening.ListKind`
KINDS = (
    mark("block"),
    mark("suspect"),
    mark("allow"),
    mark("do-not-originate"),
    mark("plain"),
    mark("own"),
    mark("group"),
)
# `desk.states`, `desk.evidence.Tie`, `rules.judging.ladder`; of peers, and of the range ledger.
STATES = (
    mark("received"),
    mark("accepted"),
    mark("rejected"),
    mark("withdrawn"),
    mark("answered"),
    mark("collecting"),
    mark("verifying"),
    mark("verified"),
    mark("released"),
    mark("unfounded"),
    mark("forged"),
    mark("handed over"),
    mark("judged"),
    mark("unwanted"),
    mark("untied"),
    mark("none"),
    mark("watch"),
    mark("limit"),
    mark("number"),
    mark("owner"),
    mark("business"),
    mark("up"),
    mark("down"),
    mark("drained"),
    mark("unknown"),
    mark("held"),
    mark("expired"),
    mark("unheld"),
)
# `desk.desk_settings.CATEGORIES`; what an operator adds is shown as he wrote it.
CATEGORIES = (
    mark("marketing"),
    mark("fraud"),
    mark("loan"),
    mark("property"),
    mark("insurance"),
    mark("ring-once"),
    mark("abuse"),
    mark("other"),
)
