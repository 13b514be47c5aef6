// model_card: what a model is, what it was trained on, how it did on people it had not seen, and what it must never be
// used for, on one self-contained page.
//
//   write_file("models/death_12m.html", model_card(model, feature_names));
#pragma once
#include <string>
#include <vector>

#include "risk/place_models.hpp"

namespace joinedup::risk {

std::string model_card(const PlaceModel& model, const std::vector<std::string>& features);

}  // namespace joinedup::risk
