"""Golden values for the measures of performance, from scikit-learn and statsmodels: writes modules/risk/golden/.
usage: golden.py FOLDER   (scikit-learn 1.9.1, statsmodels 0.15.0, numpy 2.4.6 made the committed files)"""
import csv, json, sys
import numpy as np, statsmodels.api as sm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

folder = sys.argv[1]
draw = np.random.RandomState(20)
n = 600
x = draw.normal(size=n)
p = np.clip(np.round(1 / (1 + np.exp(-(-1.5 + 1.1 * x + 0.3 * draw.normal(size=n)))), 2), .01, .99)  # two decimals: many ties
q = np.clip(np.round(1 / (1 + np.exp(-(-1.2 + 0.7 * x + 0.8 * draw.normal(size=n)))), 3), .001, .999)
y = (draw.uniform(size=n) < 1 / (1 + np.exp(-(-1.4 + 1.0 * x)))).astype(int)
with open(f"{folder}/scores.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["outcome", "probability", "other"])
    rows.writerows(zip(y, p, q))
logit = np.log(p / (1 - p))
joint = sm.Logit(y, sm.add_constant(logit)).fit(disp=0)
large = sm.GLM(y, np.ones(n), family=sm.families.Binomial(), offset=logit).fit()
a = np.column_stack([x, x ** 2 - 1, (x > 0).astype(float)])
with open(f"{folder}/ridge.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["outcome", "a", "b", "c"])
    rows.writerows([yi, *map(repr, map(float, row))] for yi, row in zip(y, a.astype(np.float32)))
ridge = LogisticRegression(C=1 / 3.0, tol=1e-12, max_iter=100000).fit(a.astype(np.float32).astype(float), y)

def delong(score):  # straight from the definition, pair by pair
    s1, s0 = score[y == 1], score[y == 0]
    psi = (s1[:, None] > s0[None, :]) + .5 * (s1[:, None] == s0[None, :])
    return psi.mean(1), psi.mean(0)
v10p, v01p = delong(p)
v10q, v01q = delong(q)
def variance(v10, v01): return v10.var(ddof=1) / len(v10) + v01.var(ddof=1) / len(v01)

golden = {
    "auroc": roc_auc_score(y, p), "auprc": average_precision_score(y, p), "brier": brier_score_loss(y, p),
    "oe": y.sum() / p.sum(), "intercept": joint.params[0], "slope": joint.params[1], "in_the_large": large.params[0],
    "auroc_standard_error": float(np.sqrt(variance(v10p, v01p))), "other_auroc": roc_auc_score(y, q),
    "difference_standard_error": float(np.sqrt(variance(v10q - v10p, v01q - v01p))),
    "ridge_intercept": ridge.intercept_[0], "ridge_a": ridge.coef_[0][0], "ridge_b": ridge.coef_[0][1], "ridge_c": ridge.coef_[0][2],
}
with open(f"{folder}/measures.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["measure", "value"])
    rows.writerows((k, repr(float(v))) for k, v in golden.items())
