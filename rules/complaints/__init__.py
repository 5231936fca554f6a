"""From a complaint to a sealed number.

`desk` opens everything and is what the console and the API hold. `intake` takes complaints, `ties` finds the judged
calls they speak of, `evidence` weighs them, `cases` carries a number from the first complaint to a seal and back,
`seals` changes the database that calls are judged by, `appeals` hears the other side, `ladder` lets repeat offenders
climb, `counting` sums up for `reports`. `deadlines`, `states`, `secrecy` and `audit` are what these stand on.
"""
