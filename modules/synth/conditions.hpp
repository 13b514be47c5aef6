// The long-term conditions of the model: how common, at what age, how bound to the latent frailty, how they are coded.
// Prevalence by deprivation is published (data/qof_by_imd_decile.csv); `overall` serves where no register is published.
// The shape by age (one figure at 0, 10, … 100) is the model's own; only its scale is fitted to the published prevalence.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace joinedup::synth {

struct Condition {
  std::string_view name;      // as place/codes/condition_snomed.csv
  std::string_view register_code;  // QOF group, or empty
  int minimum_age;            // of the register's denominator
  double overall;             // percent of the denominator where no register is published
  double female;              // prevalence in women relative to men
  double loading;             // on the latent frailty, 0…1
  std::array<double, 11> shape;
  std::int64_t snomed;
  std::string_view icd10;
  std::string_view drug;      // the item most often prescribed for it
  std::string_view chapter;   // BNF
  double items_a_year;
  int pence_an_item;
};

enum ConditionIndex : std::size_t {
  hypertension, diabetes, copd, asthma, coronary, fibrillation, heart_failure, stroke, dementia, depression, anxiety, cancer,
  kidney, epilepsy, mental_illness, learning_disability, arthritis, osteoporosis, obesity, thyroid, peripheral, osteoarthritis,
  liver, parkinson, sclerosis, alcohol, condition_count
};

inline constexpr std::array<Condition, condition_count> conditions{{
    {"hypertension", "HYP", 0, 0, 1.00, .30, {0, 0, .2, 1, 4, 12, 25, 40, 52, 58, 58}, 38341003, "I10X", "Amlodipine 5mg tablets", "2", 9, 180},
    {"diabetes", "DM", 17, 0, .80, .40, {0, .3, .6, 1.5, 4, 8, 12.5, 16, 17, 17, 17}, 44054006, "E119", "Metformin 500mg tablets", "6", 13, 310},
    {"copd", "COPD", 0, 0, .90, .55, {0, 0, 0, .2, .8, 2.6, 5.2, 8, 9, 9, 9}, 13645005, "J449", "Tiotropium bromide 18microgram inhalation powder", "3", 14, 2600},
    {"asthma", "AST", 0, 0, 1.15, .15, {1, 6, 6.5, 6.5, 6.7, 7, 7.2, 7.4, 7.4, 7.4, 7.4}, 195967001, "J459", "Salbutamol 100micrograms/dose inhaler", "3", 7, 240},
    {"coronary_heart_disease", "CHD", 0, 0, .55, .45, {0, 0, 0, .2, .9, 3, 7, 13, 20, 24, 24}, 53741008, "I251", "Atorvastatin 40mg tablets", "2", 12, 160},
    {"atrial_fibrillation", "AF", 0, 0, .75, .40, {0, 0, 0, .1, .4, 1.2, 3.5, 8, 16, 22, 22}, 49436004, "I48X", "Apixaban 5mg tablets", "2", 11, 5300},
    {"heart_failure", "HF", 0, 0, .75, .60, {0, 0, 0, .1, .2, .7, 1.6, 3.6, 8, 12, 12}, 84114007, "I500", "Furosemide 40mg tablets", "2", 12, 110},
    {"stroke_tia", "STIA", 0, 0, .85, .45, {0, .05, .1, .2, .6, 1.6, 3.6, 7.4, 12.5, 15, 15}, 230690007, "I639", "Clopidogrel 75mg tablets", "2", 12, 150},
    {"dementia", "DEM", 0, 0, 1.25, .55, {0, 0, 0, 0, 0, .1, .4, 2.2, 9.5, 19, 19}, 52448006, "F03X", "Donepezil 10mg tablets", "4", 11, 170},
    {"depression", "DEP", 18, 0, 1.75, .30, {0, .2, 7, 12, 14, 14.5, 14.5, 14.5, 14.5, 14.5, 14.5}, 35489007, "F329", "Sertraline 50mg tablets", "4", 8, 140},
    {"anxiety", "", 0, 6.5, 1.7, .25, {.2, 1.5, 6, 8, 8.5, 8.5, 8.5, 8.5, 8.5, 8.5, 8.5}, 197480006, "F411", "Propranolol 40mg tablets", "2", 4, 190},
    {"cancer", "CAN", 0, 0, 1.15, .40, {.05, .2, .3, .6, 1.6, 3.6, 7, 12, 15, 16, 16}, 363346000, "C509", "Letrozole 2.5mg tablets", "8", 4, 350},
    {"chronic_kidney_disease", "CKD", 18, 0, 1.20, .45, {0, 0, .1, .2, .6, 1.8, 5, 13, 27, 36, 36}, 709044004, "N183", "Ramipril 5mg capsules", "2", 9, 160},
    {"epilepsy", "EP", 18, 0, .95, .35, {.3, .5, .7, .8, .8, .85, .9, 1, 1.1, 1.1, 1.1}, 84757009, "G409", "Levetiracetam 500mg tablets", "4", 14, 690},
    {"severe_mental_illness", "MH", 0, 0, .95, .40, {0, 0, .5, 1.0, 1.25, 1.35, 1.35, 1.35, 1.35, 1.35, 1.35}, 58214004, "F209", "Olanzapine 10mg tablets", "4", 13, 260},
    {"learning_disability", "LD", 0, 0, .70, .35, {.05, .5, .65, .65, .65, .65, .65, .65, .65, .65, .65}, 110359009, "F799", "Sodium valproate 500mg tablets", "4", 7, 900},
    {"rheumatoid_arthritis", "RA", 16, 0, 2.2, .30, {0, 0, .1, .25, .5, .9, 1.4, 1.9, 2.1, 2.1, 2.1}, 69896004, "M069", "Methotrexate 2.5mg tablets", "10", 11, 350},
    {"osteoporosis", "OST", 50, 0, 5.5, .40, {0, 0, 0, 0, 0, .2, .5, 1.2, 2.4, 3, 3}, 64859006, "M819", "Alendronic acid 70mg tablets", "6", 11, 150},
    {"obesity", "OB", 18, 0, 1.25, .20, {0, 0, 5, 8.5, 11, 13, 14, 14, 14, 14, 14}, 414916001, "E669", "Orlistat 120mg capsules", "4", .5, 2800},
    {"hypothyroidism", "", 0, 3.6, 4.5, .10, {0, .1, .5, 1.4, 2.6, 4.4, 6.4, 8.4, 10, 11, 11}, 40930008, "E039", "Levothyroxine sodium 100microgram tablets", "6", 12, 190},
    {"peripheral_arterial_disease", "PAD", 0, 0, .60, .50, {0, 0, 0, 0, .2, .6, 1.4, 2.4, 3.4, 3.8, 3.8}, 399957001, "I739", "Clopidogrel 75mg tablets", "2", 5, 150},
    {"osteoarthritis", "", 0, 7.5, 1.5, .30, {0, 0, .1, .6, 2.5, 8, 16, 25, 33, 38, 38}, 396275006, "M199", "Naproxen 500mg tablets", "10", 4, 330},
    {"chronic_liver_disease", "", 0, .6, .70, .55, {0, 0, .1, .3, .7, 1.1, 1.3, 1.4, 1.4, 1.4, 1.4}, 328383001, "K746", "Spironolactone 100mg tablets", "2", 8, 380},
    {"parkinsons_disease", "", 0, .25, .65, .45, {0, 0, 0, 0, 0, .1, .4, 1, 2, 2.2, 2.2}, 49049000, "G20X", "Co-careldopa 25mg/100mg tablets", "4", 16, 900},
    {"multiple_sclerosis", "", 0, .19, 2.6, .35, {0, 0, .05, .15, .3, .38, .4, .4, .4, .4, .4}, 24700007, "G35X", "Baclofen 10mg tablets", "10", 10, 180},
    {"alcohol_dependence", "", 0, 1.1, .45, .50, {0, 0, .5, 1.3, 1.9, 2.1, 2.1, 2.1, 2.1, 2.1, 2.1}, 7200002, "F102", "Thiamine 100mg tablets", "9", 9, 310},
}};

}  // namespace joinedup::synth
