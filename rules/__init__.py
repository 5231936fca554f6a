"""Decision and knowledge: may this call ring?

Sees a :class:`rules.model.Call`, answers a :class:`rules.model.Verdict`; opens no socket and reads no SIP.
In the order of a call: ``numbers`` (what a number is), ``screen`` (what the proxy holds), ``cache`` and
``lists`` (who is listed), ``engine`` (who wins), ``decisions`` (what is remembered), ``explain`` (why).
Beside it: ``source`` and ``compile`` (from YAML to indexes), ``store`` (the only door to SQLite).
"""
