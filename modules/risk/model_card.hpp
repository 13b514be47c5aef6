// model_card: what a model is, what it was trained on, how it did on people it had not seen, and what it must never be
// used for, on one self-contained page.
//
//   write_file("models/death_12m.html", model_card(model, feature_names));
#pragma once
#include <string>
#include <vector>

#include "risk/place_models.hpp"

namespace joinedup::risk {

const char* card_style();
// The card with these sentences in place of what it said of recalibration before.
std::string card_with_recalibrations(std::string card, const std::vector<std::string>& sentences);
std::string model_card(const PlaceModel& model, const std::vector<std::string>& features);

}  // namespace joinedup::risk
