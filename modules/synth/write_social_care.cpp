#include <algorithm>
#include <cmath>

#include "synth/care.hpp"
#include "synth/output.hpp"
#include "synth/slots.hpp"

namespace joinedup::synth {
namespace {

using namespace social_care;

std::string pounds(long long pence) {
  std::string text = std::to_string(pence / 100) + ".";
  text += static_cast<char>('0' + pence / 10 % 10);
  text += static_cast<char>('0' + pence % 10);
  return text;
}

std::string_view ethnicity_text(char code) {
  switch (code) {
    case 'A': return "English / Welsh / Scottish / Northern Irish / British";
    case 'B': return "Irish";
    case 'C': return "Any other White background";
    case 'H': return "Indian";
    case 'J': return "Pakistani";
    case 'K': return "Bangladeshi";
    case 'N': return "African";
    case 'M': return "Caribbean";
    case 'R': return "Chinese";
    default: return "Any other ethnic group";
  }
}

struct Service {
  std::string_view service, component, delivery, frequency, accommodation;
};
constexpr Service services[] = {
    {"Long Term Support: Nursing Care", "Nursing Home Placement", "CASSR Managed Personal Budget", "Per week", "Registered nursing home"},
    {"Long Term Support: Residential Care", "Residential Home Placement", "CASSR Managed Personal Budget", "Per week", "Registered care home"},
    {"Long Term Support: Community", "Home Support", "CASSR Managed Personal Budget", "Hourly", "Owner occupier or shared ownership scheme"},
    {"Long Term Support: Community", "Direct Payment", "Direct Payment", "Per 4 weeks", "Tenant"},
    {"Long Term Support: Community", "Supported Living", "CASSR Managed Personal Budget", "Per week", "Supported accommodation / Supported lodgings / Supported group home"},
    {"Long Term Support: Community", "Day Support", "CASSR Commissioned Support", "Per session", "Tenant"}};

class CouncilWriter {
 public:
  CouncilWriter(Writer& writer, const Person& person)
      : writer_(writer), world_(writer.world), person_(person), row_(writer.plan.layout(t_social_care)),
        draw_(random_for(writer.world, person.id * 4 + 1, Stream::social_care)), record_(observe(writer.world, person, Recorder::council)) {}

  void package(const Package& p) {
    const Date asked = p.start - draw_.between(20, 90);
    event("Request", asked, asked + draw_.between(1, 10), [&] {
      row_.set(route, draw_.chance(.3) ? "Discharge from Hospital" : "Community / Other route");
      row_.set(outcome, "Progress to Assessment / Unplanned Review");
    });
    event("Assessment", asked + 11, p.start, [&] {
      row_.set(assessment, "Long Term Support (Initial)");
      row_.set(outcome, "Progress to Support Planning / Services");
    });
    const Service& service_kind = services[p.kind];
    event("Service", p.start, p.end, [&] {
      row_.set(service, service_kind.service);
      row_.set(component, service_kind.component);
      row_.set(delivery, service_kind.delivery);
      row_.set(frequency, service_kind.frequency);
      cost(p);
    });
    for (Date review_day = p.start + draw_.between(60, 400); review_day < std::min(p.end, world_.options.data_to + 1);
         review_day = review_day + draw_.between(300, 480))
      if (review_day >= world_.data_from)
        event("Review", review_day, review_day + draw_.between(0, 6), [&] {
          row_.set(review, "Planned");
          row_.set(outcome, "No change in package");
        });
  }

  void request(Date day) {
    event("Request", day, day + draw_.between(0, 14), [&] {
      row_.set(route, draw_.chance(.25) ? "Discharge from Hospital" : "Community / Other route");
      row_.set(outcome, draw_.chance(.5) ? "NFA - Information & Advice / Signposting only" : "Short Term Support: Ongoing Low Level");
    });
    if (draw_.chance(.16)) {
      const Date start = day + draw_.between(3, 20);
      event("Service", start, start + draw_.between(14, 44), [&] {
        row_.set(service, "Short Term Support: ST-Max");
        row_.set(component, "Reablement");
        row_.set(delivery, "CASSR Commissioned Support");
        if (draw_.chance(.8)) {
          row_.set(unit_cost, "310.00");
          row_.set(frequency, "Per week");
          row_.set(units, "1");
        }
      });
    } else if (draw_.chance(.08)) {
      event("Service", day + 10, day + 10, [&] {
        row_.set(service, "Short Term Support: Ongoing Low Level");
        row_.set(component, "Equipment");
        row_.set(unit_cost, pounds(draw_.between(2000, 40000)));
        row_.set(frequency, "One-off");
        row_.set(units, "1");
      });
    }
  }
  void finish() {
    if (seen_) writer_.count_person(t_social_care, record_);
  }

 private:
  void cost(const Package& p) {
    if (draw_.chance(.04)) return;  // not every council sends every price
    if (p.kind == 2) {
      const int hours = std::max(2, static_cast<int>(std::lround(p.pence / 2450.0)));
      row_.set(unit_cost, "24.50");
      row_.set(units, static_cast<std::int64_t>(hours));
    } else if (p.kind == 3) {
      row_.set(unit_cost, pounds(p.pence * 4LL));
      row_.set(units, "1");
    } else if (p.kind == 5) {
      row_.set(unit_cost, pounds(p.pence / 3));
      row_.set(units, "3");
    } else {
      row_.set(unit_cost, pounds(p.pence));
      row_.set(units, "1");
    }
  }

  // An event goes into the submission of every year it is open in.
  template <class Fill>
  void event(std::string_view type, Date from, Date to, Fill fill) {
    ++number_;
    if (to < world_.data_from || from > world_.options.data_to) return;
    row_.clear();
    identify(std::max(from, world_.data_from));
    row_.set(event_type, type);
    row_.set(reference, static_cast<std::int64_t>(500000000000ULL + person_.id * 1000 + number_));
    row_.set_british(start, from);
    if (to <= world_.options.data_to) row_.set_british(end, to);
    fill();
    if (draw_.chance(fault_rate(world_.options, .0025))) {
      if (!row_.get(unit_cost).empty() && draw_.chance(.5)) row_.set(unit_cost, "-" + std::string(row_.get(unit_cost)));
      else row_.set(start, "31/02/2024");
      ++writer_.out.faults[t_social_care].bad_rows;
    }
    for (int year = financial_year(std::max(from, world_.data_from)); year <= financial_year(std::min(to, world_.options.data_to)); ++year) {
      row_.set_british(period_start, Date::from_civil(year, 4, 1));
      row_.set_british(period_end, Date::from_civil(year + 1, 3, 31));
      // A submission knows only ends that had come by its own end.
      if (to <= world_.options.data_to && to <= Date::from_civil(year + 1, 3, 31)) row_.set_british(end, to);
      else row_.clear(end);
      const Address& address = recorded_address(writer_.block, person_, record_, std::min(Date::from_civil(year + 1, 3, 31), world_.options.data_to));
      row_.set(postcode, world_.geography.postcode(address.area, address.postcode));
      writer_.put(t_social_care, Date::from_civil(year, 4, 1), row_);
      writer_.truth(t_social_care, row_.get(reference), person_.id);
      writer_.count(t_social_care, record_, address, address_on(writer_.block, person_, std::min(Date::from_civil(year + 1, 3, 31), world_.options.data_to)));
      seen_ = true;
    }
  }

  void identify(Date day) {
    row_.set(council, "991");
    row_.set(nhs, record_.nhs_number);
    row_.set(local_id, static_cast<std::int64_t>(record_.local_id));
    row_.set(given, record_.given);
    row_.set(surname, record_.surname);
    row_.set(gender, record_.sex == 0 ? "Female" : record_.sex == 1 ? "Male" : "Unknown");
    row_.set(ethnicity, ethnicity_text(person_.ethnicity));
    row_.set_british(birth, record_.birth);
    if (person_.death <= day) row_.set_british(death, person_.death);
    if (person_.residence == Residence::registered)
      row_.set(practice, world_.geography.practices()[static_cast<std::size_t>(address_on(writer_.block, person_, day).practice)].code);
    row_.set(client_type, "Service User");
    const int years = person_.age(day);
    row_.set(reason, person_.has(dementia, day) ? "Support with Memory & Cognition"
                     : person_.has(learning_disability, day) ? "Learning Disability Support"
                     : person_.has(mental_illness, day) ? "Mental Health Support"
                     : years >= 65 ? "Physical Support: Personal Care Support" : "Physical Support: Access & Mobility Only");
    row_.set(carer, draw_.chance(.4) ? "Yes" : "No");
    row_.set(funding, draw_.chance(.15) ? "Fully self funded" : "Full or part funded by CASSR");
  }

  Writer& writer_;
  const World& world_;
  const Person& person_;
  Row row_;
  CounterRandom draw_;
  LocalRecord record_;
  std::uint64_t number_ = 0;
  bool seen_ = false;
};

}  // namespace

void write_social_care(Writer& writer, const Person& person, const Care& care) {
  if (!writer.plan.wanted(t_social_care)) return;
  if (care.packages.empty() && care.requests.empty()) return;
  CouncilWriter council(writer, person);
  for (const Package& package : care.packages) council.package(package);
  for (const Date day : care.requests) council.request(day);
  council.finish();
}

}  // namespace joinedup::synth
