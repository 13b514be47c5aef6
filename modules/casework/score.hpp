// What a filled-in form adds up to, and what is missing from it. Inside this room only.
//
//   const Form form = read_form(questionnaire, response);
//   form.missing;                     // linkIds of questions that are asked, must be answered, and are not
//   form.scores[0].value == 7;        // sum, mean, or percent of the most that could be reached
#pragma once
#include <string>
#include <vector>

#include "casework/ask.hpp"

namespace joinedup::casework {

struct Score {
  std::string code, title;
  double value = 0;
  bool is_percent = false;
};

struct Form {
  std::vector<std::string> missing;
  std::vector<Score> scores;
  std::vector<std::string> not_scored;  // titles of scores of which a question that was asked is not answered
};

// A question that skip logic hides is not asked: it need not be answered and counts for nothing.
Form read_form(const Json& questionnaire, const Json& response);

}  // namespace joinedup::casework
