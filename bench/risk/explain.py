"""Where comorbidipy and we differ, and why: each difference must follow from one of the rules below, person by person.

The rules, each seen in the package's source, version 0.5.0:
  one group a code   its reversed mapping keeps the last group of a code that is in two (I42.6 is heart failure and alcohol)
  AIDS               its Quan 2011 weights give AIDS or HIV 2 points; the R package comorbidity gives 4, as we do
  not below nought   it cuts every score off at 0, van Walraven's too
  no group at all    a code that is in no group is dropped with its person's row and the person comes back with 0: as ours
`expected(...)` is what the package must say if these rules are all there is to it; the caller compares for equality.
"""
import csv


def read_score(path):
    terms, over = {}, []
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        if line.startswith("# over: "):
            over.append(line.removeprefix("# over: ").split())
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        terms[row["term"]] = (float(row["points"]), tuple(row["codes"].split()))
    return terms, over


def expected(people, terms, over, order, aids_points=None):
    """people: {id: set of codes}; order: the package's order of groups, of which the last wins."""
    group_of, result = {}, {}
    for person, codes in people.items():
        present = set()
        for code in codes:
            if code not in group_of:
                group_of[code] = next((t for t in reversed(order) if code.startswith(terms[t][1])), None)
            if group_of[code]:
                present.add(group_of[code])
        lost = {loser for winner, loser in over if winner in present}
        points = {t: (aids_points if t == "aids" and aids_points is not None else terms[t][0]) for t in present}
        result[person] = max(0.0, sum(p for t, p in points.items() if t not in lost))
    return result
