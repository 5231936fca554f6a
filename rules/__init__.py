"""Decision and knowledge: may this call ring?

Sees a :class:`rules.model.Call`, answers a :class:`rules.model.Verdict`; opens no socket and reads no SIP.
In the order of a call: ``screen`` (what the proxy holds), ``numbering`` (what a number is), ``lists`` (who is listed),
``judging`` (which rules hold, who wins, and why), ``records`` (what is remembered). Beside it: ``language`` (from YAML
to a rule set), ``revisions`` and ``live`` (which set is in force), ``complaints`` (from a complaint to a seal) and
``store`` (the only door to SQLite).
"""
