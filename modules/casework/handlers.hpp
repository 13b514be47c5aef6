// The operations by family. Inside this room only.
#pragma once
#include "casework/ask.hpp"

namespace joinedup::casework {

using Handler = Result<rest::Response> (*)(Ask& ask);

// cases.cpp: EpisodeOfCare/[id]/$…
Result<rest::Response> accept_case(Ask& ask);
Result<rest::Response> decline_case(Ask& ask);
Result<rest::Response> defer_case(Ask& ask);
Result<rest::Response> ask_person(Ask& ask);
Result<rest::Response> start_case(Ask& ask);
Result<rest::Response> hold_case(Ask& ask);
Result<rest::Response> resume_case(Ask& ask);
Result<rest::Response> finish_case(Ask& ask);
Result<rest::Response> hand_over_case(Ask& ask);
// contacts.cpp: EpisodeOfCare/[id]/$record-contact
Result<rest::Response> record_contact(Ask& ask);
// team.cpp, figures.cpp: CareTeam/[id]/$…
Result<rest::Response> capacity_of_team(Ask& ask);
Result<rest::Response> figures_of_team(Ask& ask);
// meetings.cpp
Result<rest::Response> plan_meeting(Ask& ask);
Result<rest::Response> decide(Ask& ask);
Result<rest::Response> close_meeting(Ask& ask);
// referrals.cpp
Result<rest::Response> refer(Ask& ask);
Result<rest::Response> answer_referral(Ask& ask);
Result<rest::Response> finish_task(Ask& ask);
Result<rest::Response> leave_out_step(Ask& ask);
// pathways.cpp
Result<rest::Response> apply_pathway(Ask& ask);
Result<rest::Response> book_slot(Ask& ask);
// assessment.cpp
Result<rest::Response> submit_assessment(Ask& ask);
// document.cpp
Result<rest::Response> plan_document(Ask& ask);
// drafts.cpp
Result<rest::Response> give_drafts(Ask& ask);
Result<rest::Response> save_draft(Ask& ask);
Result<rest::Response> discard_draft(Ask& ask);
// alerts.cpp: Communication/[id]/$opened
Result<rest::Response> open_message(Ask& ask);
// feeds.cpp
Result<rest::Response> feeds_of_place(Ask& ask);

}  // namespace joinedup::casework
