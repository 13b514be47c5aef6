"""Made-up records for the conformance cases: text in several scripts, NULLs, dates, instants, lists, numbers, awkward names.

records(count, seed) -> list of dicts; COLUMNS gives each column's DuckDB type.
"""
import datetime
import random

COLUMNS = {
    "id": "VARCHAR", "number": "BIGINT", "given_name": "VARCHAR", "surname": "VARCHAR", "full_name": "VARCHAR",
    "dob": "VARCHAR", "born": "DATE", "seen": "TIMESTAMP", "seen_text": "VARCHAR", "email": "VARCHAR", "postcode": "VARCHAR",
    "city": "VARCHAR", "sex": "VARCHAR", "income": "BIGINT", "height": "DOUBLE", "lat": "DOUBLE", "long": "DOUBLE",
    "phones": "VARCHAR[]", "sounds": "VARCHAR[]", "scores": "DOUBLE[]", "embedding": "DOUBLE[3]", "alive": "BOOLEAN", "First Name": "VARCHAR", "select": "VARCHAR",
    "it's": "VARCHAR", "person": "VARCHAR",
}
GIVEN = ["john", "jon", "jonathan", "mary", "marie", "maria", "josé", "jose", "zoë", "zoe", "Олег", "олег", "李", "李雷", "anne-marie",
         "o'neil", "Élodie", "elodie", "bob", "robert", "rob", "ann", "anne", "a", "Ana María", "björn", "bjorn"]
SURNAMES = ["smith", "smyth", "smithe", "jones", "johns", "brown", "browne", "o'brien", "obrien", "van der berg", "vandenberg", "müller",
            "mueller", "muller", "garcía", "garcia", "nguyen", "nguyễn", "taylor", "tayler", "patel", "patil", "x", "de la cruz"]
CITIES = ["London", "london", "Leeds", "York", "New York", "Llanfairpwllgwyngyll", "Bath", "St. Ives"]
AREAS = ["SW1A 1AA", "SW1A 2AB", "SW1V 1BB", "EC1A 1BB", "EC1A 9ZZ", "M1 1AE", "B33 8TH", "CR2 6XH", "DN55 1PT", "bad", "sw1a1aa"]


def spoil(rng, text):
    if not text or rng.random() < 0.6:
        return text
    letters = list(text)
    at = rng.randrange(len(letters))
    what = rng.randrange(5)
    if what == 0:
        letters[at] = rng.choice("aeioux")
    elif what == 1:
        del letters[at]
    elif what == 2:
        letters.insert(at, rng.choice("nrst"))
    elif what == 3 and at + 1 < len(letters):
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    else:
        letters = list("".join(letters).upper())
    return "".join(letters)


def person(rng, number):
    born = datetime.date(1930, 1, 1) + datetime.timedelta(days=rng.randrange(30000))
    given, surname = rng.choice(GIVEN), rng.choice(SURNAMES)
    return {
        "person": f"p{number}", "given_name": given, "surname": surname, "born": born,
        "seen": datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=rng.randrange(60_000_000)),
        "email": f"{given}.{surname}@{rng.choice(['nhs.net', 'example.org', 'mail.com'])}".replace(" ", ""),
        "postcode": rng.choice(AREAS), "city": rng.choice(CITIES), "sex": rng.choice("mfu"), "income": rng.randrange(0, 200) * 500,
        "height": round(rng.uniform(1.4, 2.0), 2), "lat": round(rng.uniform(50, 54), 4), "long": round(rng.uniform(-3, 1), 4),
        "phones": [str(rng.randrange(1000, 1030)) for _ in range(rng.randrange(0, 4))],
        "scores": [round(rng.uniform(0, 5), 1) for _ in range(rng.randrange(0, 4))],
        "embedding": [round(rng.uniform(-1, 1), 3) for _ in range(3)],
        "alive": rng.random() < 0.7,
    }


def record(rng, base, number):
    row = dict(base)
    row["given_name"] = spoil(rng, row["given_name"])
    row["surname"] = spoil(rng, row["surname"])
    row["email"] = spoil(rng, row["email"])
    row["postcode"] = spoil(rng, row["postcode"]) if rng.random() < 0.5 else row["postcode"]
    if rng.random() < 0.1:
        row["given_name"], row["surname"] = row["surname"], row["given_name"]
    if rng.random() < 0.3:
        row["born"] += datetime.timedelta(days=rng.choice([1, -1, 10, 30, 31, 365, 366, 3652, 3653]))
    if rng.random() < 0.4:
        row["seen"] += datetime.timedelta(seconds=rng.choice([1, 59, 60, 61, 3600, 86400, 86401]))
    if rng.random() < 0.3:
        row["income"] += rng.choice([1, 10, -10, 500, 5000])
    if rng.random() < 0.3:
        row["height"] = round(row["height"] + rng.choice([0.01, 0.02, 0.05, -0.1]), 2)
    if rng.random() < 0.3:
        row["lat"], row["long"] = round(row["lat"] + rng.uniform(-0.2, 0.2), 4), round(row["long"] + rng.uniform(-0.2, 0.2), 4)
    if row["phones"] and rng.random() < 0.3:
        row["phones"] = row["phones"][:-1] + [str(rng.randrange(1000, 1030))]
    if rng.random() < 0.3:
        row["embedding"] = [round(value + rng.uniform(-0.3, 0.3), 3) for value in row["embedding"]]
    row["dob"] = row["born"].isoformat()
    if rng.random() < 0.06:
        row["dob"] = rng.choice(["1980-02-30", "not known", "1999-1-5", "19900101", ""])
    row["seen_text"] = row["seen"].strftime("%Y-%m-%dT%H:%M:%SZ")
    row["full_name"] = f"{row['given_name']} {row['surname']}"
    row["sounds"] = sorted({(row["surname"] or "?")[0].upper() + str(len(row["surname"] or "") % 4), (row["surname"] or "?")[:2].upper()})
    row["First Name"], row["select"], row["it's"] = row["given_name"], row["city"], row["surname"]
    for column in list(row):
        if column not in ("person",) and rng.random() < 0.07:
            row[column] = None
    row["number"] = number
    row["id"] = f"{rng.choice(['r', 'R', 'é', ''])}{number}{rng.choice(['', ',x', ' y', '-z'])}"
    return {column: (row[column] if row.get(column) != "" else None) for column in COLUMNS}


def records(count, seed):
    rng = random.Random(seed)
    people = [person(rng, number) for number in range(max(1, count // 2))]
    return [record(rng, rng.choice(people), number) for number in range(1, count + 1)]
