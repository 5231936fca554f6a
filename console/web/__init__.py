"""The console: pages for the people of the node and of the desk, in the process of `api serve`, under /console/.

A page is added by three files: its functions in `console/web/pages/NAME.py`, which hold its `PAGE` and its `router`,
its template in `console/web/templates/NAME.html`, and what is said there in Chinese in `console/web/locale/zh/NAME.po`.
It is found by its place; navigation, rights, the guard against forged forms, error pages and safe headers are the
frame's (`frame.py`, which shows a page in miniature, and `gate.py`).
"""
