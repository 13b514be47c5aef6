"""Makes the benchmark's records: N rows of people with errors, names drawn from published frequency lists.

    make_records.py --rows 1000000 --names DIR --out records.parquet [--seed 1]

About a fifth of the rows are second records of another row, with typing errors, missing fields, a changed surname or
address. Deterministic for a seed. Columns: unique_id, first_name, surname, dob, postcode, city, email, person.
"""
import argparse
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def read_names(path, most=None):
    names, counts = [], []
    with open(path) as lines:
        for line in lines:
            name, count = line.rstrip("\n").rsplit(",", 1)
            names.append(name.title())
            counts.append(float(count))
    names, counts = names[:most], np.array(counts[:most])
    return np.array(names, dtype=object), counts / counts.sum()


def misspell(draw, values, share):
    """One keystroke wrong in a share of the values: a letter dropped, doubled, replaced or swapped with the next."""
    hit = np.flatnonzero(draw.random(len(values)) < share)
    kinds, places = draw.integers(0, 4, len(hit)), draw.random(len(hit))
    letters = draw.integers(97, 123, len(hit))
    for row, kind, place, letter in zip(hit, kinds, places, letters):
        text = values[row]
        if text is None or len(text) < 3:
            continue
        at = int(place * (len(text) - 1))
        if kind == 0:
            text = text[:at] + text[at + 1:]
        elif kind == 1:
            text = text[:at] + text[at] + text[at:]
        elif kind == 2:
            text = text[:at] + chr(letter) + text[at + 1:]
        else:
            text = text[:at] + text[at + 1] + text[at] + text[at + 2:]
        values[row] = text
    return values


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, required=True)
    options.add_argument("--names", required=True)
    options.add_argument("--out", required=True)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    draw = np.random.default_rng(asked.seed)
    people = int(asked.rows / 1.25)
    surnames, surname_share = read_names(asked.names + "/last_names.csv")
    women, women_share = read_names(asked.names + "/females.csv")
    men, men_share = read_names(asked.names + "/males.csv")

    # Half the surnames come from the list's frequencies, half evenly: as many distinct names as a large population has.
    by_share = draw.choice(len(surnames), people, p=surname_share)
    evenly = draw.integers(0, len(surnames), people)
    surname = surnames[np.where(draw.random(people) < 0.5, by_share, evenly)]
    female = draw.random(people) < 0.5
    first = np.where(female, women[draw.choice(len(women), people, p=women_share)], men[draw.choice(len(men), people, p=men_share)])
    day = draw.integers(-20000, 18000, people)
    dob = np.array([str(d) for d in (np.datetime64("1970-01-01") + day)], dtype=object)
    areas = max(50, people // 15)  # about fifteen people a postcode
    area = draw.integers(0, areas, people)
    postcode = np.array([f"{chr(65 + a % 26)}{chr(65 + a // 26 % 26)}{a // 676 % 90 + 10} {a % 9 + 1}{chr(65 + a // 7 % 26)}{chr(65 + a // 3 % 26)}" for a in area], dtype=object)
    city = np.array([f"Town {a % 1200}" for a in area], dtype=object)
    email = np.array([f"{f.lower()}.{s.lower()}{n}@mail{n % 20}.example" for f, s, n in zip(first, surname, draw.integers(0, 1000, people))], dtype=object)

    again = draw.integers(0, people, asked.rows - people)
    person = np.concatenate([np.arange(people), again])
    columns = {"first_name": first[person], "surname": surname[person], "dob": dob[person], "postcode": postcode[person], "city": city[person], "email": email[person]}
    columns = {name: values.astype(object) for name, values in columns.items()}
    second = np.arange(asked.rows) >= people
    for name, share in [("first_name", 0.12), ("surname", 0.12), ("dob", 0.05), ("postcode", 0.08), ("email", 0.08)]:
        part = columns[name][second]
        columns[name][second] = misspell(draw, part, share)
    moved = second & (draw.random(asked.rows) < 0.1)
    columns["postcode"][moved] = draw.permutation(columns["postcode"][moved])
    for name, share in [("first_name", 0.01), ("surname", 0.01), ("dob", 0.02), ("postcode", 0.03), ("city", 0.03), ("email", 0.3)]:
        columns[name][draw.random(asked.rows) < share] = None
    order = draw.permutation(asked.rows)
    table = {"unique_id": pa.array([f"r{i:08d}" for i in range(asked.rows)])}
    for name, values in columns.items():
        table[name] = pa.array(values[order], type=pa.string())
    table["person"] = pa.array(person[order].astype(str))
    pq.write_table(pa.table(table), asked.out)
    print(f"{asked.rows} records, {people} people, {len(set(columns['surname']))} distinct surnames")


main()
