// Community and mental health contacts: a referral opens, some contacts follow, most referrals close.
#include <algorithm>
#include <cmath>

#include "synth/care.hpp"
#include "synth/output.hpp"
#include "synth/slots.hpp"

namespace joinedup::synth {
namespace {

int count_of(double mean, CounterRandom& draw) {
  int n = 0;
  for (double left = std::exp(-mean), product = draw.uniform(); product > left && n < 400; product *= draw.uniform()) ++n;
  return n;
}

struct Service {
  Recorder recorder;
  std::string_view provider;
  std::int64_t base;        // of row identifiers
  double contacts;          // mean number a referral
  double days_apart;
  Table person, referral, contact;
};

// The two data sets differ in column names only: their slots are the same list with the same names.
template <class Person_, class Referral, class Contact>
class ServiceWriter {
 public:
  ServiceWriter(Writer& writer, const Person& person, const Service& service, CounterRandom draw)
      : writer_(writer), world_(writer.world), person_(person), service_(service), draw_(draw), record_(observe(writer.world, person, service.recorder)),
        referral_(writer.plan.layout(service.referral)), contact_(writer.plan.layout(service.contact)),
        id_(service.base + static_cast<std::int64_t>(person.id) * 4000), person_text_(std::to_string(service.base / 1000000000 + 7) + "P" + std::to_string(record_.local_id)) {}

  template <class Describe>
  void refer(Date day, Describe describe) {
    const std::string request = person_text_ + "R" + std::to_string(++referrals_);
    const double length = 1 + draw_.exponential(service_.contacts - .5);
    Date at = day + draw_.between(1, 21), last = day;
    describe(referral_, contact_);
    for (int i = 0; i < static_cast<int>(length); ++i) {
      if (at > world_.options.data_to || at >= person_.death) break;
      if (at >= world_.data_from) {
        if (!known_) introduce(day);
        contact(request, at);
      }
      last = at;
      at = at + 1 + static_cast<int>(draw_.exponential(service_.days_apart));
    }
    const Date closed = last + draw_.between(1, 30);
    if (closed < world_.data_from) return;  // over before the period
    if (!known_) introduce(day);
    referral_.set(Referral::r_request, request);
    referral_.set(Referral::r_unique_request, request);
    referral_.set(Referral::r_local, static_cast<std::int64_t>(record_.local_id));
    referral_.set_iso(Referral::r_received, day);
    if (closed <= world_.options.data_to) referral_.set_iso(Referral::r_discharged, closed);
    else referral_.clear(Referral::r_discharged);
    referral_.set(Referral::r_unique, ++id_);
    referral_.set(Referral::r_provider, service_.provider);
    referral_.set(Referral::r_person, person_text_);
    writer_.put(service_.referral, day, referral_);
  }

 private:
  void introduce(Date day) {
    known_ = true;
    Row row(writer_.plan.layout(service_.person));
    const Date shown_on = std::min(world_.options.data_to, person_.death);
    const Address& address = recorded_address(writer_.block, person_, record_, shown_on);
    row.set(Person_::p_local, static_cast<std::int64_t>(record_.local_id));
    row.set(Person_::p_organisation, service_.provider);
    row.set(Person_::p_nhs, record_.nhs_number);
    row.set(Person_::p_status, record_.nhs_fault == NhsFault::none ? "01" : record_.nhs_fault == NhsFault::wrong ? "02" : "07");
    row.set_iso(Person_::p_birth, record_.birth);
    row.set(Person_::p_postcode, world_.geography.postcode(address.area, address.postcode));
    row.set(Person_::p_gender, record_.sex == 0 ? "2" : record_.sex == 1 ? "1" : "9");
    row.set(Person_::p_ethnic, std::string_view(&person_.ethnicity, 1));
    if (person_.death <= world_.options.data_to && draw_.chance(.8)) row.set_iso(Person_::p_death, person_.death);
    row.set(Person_::p_unique, ++id_);
    row.set(Person_::p_provider, service_.provider);
    row.set(Person_::p_person, person_text_);
    writer_.put(service_.person, day, row);
    writer_.truth(service_.person, row.get(Person_::p_unique), person_.id);
    writer_.count(service_.person, record_, address, address_on(writer_.block, person_, shown_on));
  }

  void contact(const std::string& request, Date day) {
    contact_.set(Contact::c_contact, ++id_);
    contact_.set(Contact::c_request, request);
    contact_.set(Contact::c_unique_request, request);
    contact_.set_iso(Contact::c_date, day);
    if (draw_.chance(.93)) contact_.set(Contact::c_duration, static_cast<std::int64_t>(15 + 5 * static_cast<int>(draw_.exponential(4.5))));
    else contact_.clear(Contact::c_duration);
    contact_.set(Contact::c_mechanism, draw_.chance(.75) ? "01" : draw_.chance(.7) ? "02" : "11");
    const double came = draw_.uniform();
    contact_.set(Contact::c_status, came < .88 ? "5" : came < .94 ? "3" : came < .97 ? "2" : "4");
    contact_.set(Contact::c_unique, id_);
    contact_.set(Contact::c_provider, service_.provider);
    contact_.set(Contact::c_person, person_text_);
    if (draw_.chance(fault_rate(world_.options, .001))) {
      contact_.set(Contact::c_date, "31/02/2024");
      ++writer_.out.faults[service_.contact].bad_rows;
    }
    writer_.put(service_.contact, day, contact_);
  }

  Writer& writer_;
  const World& world_;
  const Person& person_;
  Service service_;
  CounterRandom draw_;
  LocalRecord record_;
  Row referral_, contact_;
  std::int64_t id_;
  std::string person_text_;
  int referrals_ = 0;
  bool known_ = false;
};

// Referrals of the year before the period count too: their contacts reach into it.
template <class Each>
void each_year(const World& world, const Person& person, Each each) {
  for (int y = -1; y < world.options.years; ++y) {
    const Date from = y < 0 ? world.data_from.add_months(-12) : world.year_start[static_cast<std::size_t>(y)];
    const Date start = std::max(from, person.birth);
    const Date end = std::min(world.year_start[static_cast<std::size_t>(y + 1)], person.death);
    if (end > start) each(std::max(y, 0), start, end, person.age(start + (end - start) / 2));
  }
}

}  // namespace

void write_community(Writer& writer, const Person& person, const Care& care) {
  using namespace csds;
  if (!writer.plan.wanted(t_csds_contact)) return;
  const World& world = writer.world;
  auto draw = random_for(world, person.id, Stream::community);
  const Service service{Recorder::community, "ZC1", 400000000000, 6.0, 9.0, t_csds_person, t_csds_referral, t_csds_contact};
  std::vector<std::pair<Date, int>> referrals;
  each_year(world, person, [&](int y, Date start, Date end, int age) {
    const double a_year = age < 5 ? 1.7 : age < 18 ? .40 : age < 65 ? .40 : age < 75 ? 1.1 : age < 85 ? 2.9 : 7.0;  // contacts
    const double rate = a_year / service.contacts * care.gp_multiplier[static_cast<std::size_t>(y)];
    for (int i = count_of(rate * (end - start) / 365.25, draw); i > 0; --i)
      referrals.emplace_back(start + static_cast<int>(draw.below(static_cast<std::uint64_t>(end - start))), age);
  });
  if (referrals.empty()) return;
  ServiceWriter<csds::Person, csds::Referral, csds::Contact> office(writer, person, service, draw);
  for (const auto& [day, age] : referrals)
    office.refer(day, [&, years = age](Row& referral, Row& contact) {
      referral.set(r_source, draw.chance(.55) ? "01" : "06");
      contact.set(c_team, years < 18 ? "CHILD" : years < 65 ? "PHYSIO" : draw.chance(.6) ? "DISTNURS" : "INTERMED");
      contact.set(c_location, years >= 75 ? "A01" : "D02");
    });
}

void write_mental_health(Writer& writer, const Person& person, const Care& care) {
  using namespace mhsds;
  if (!writer.plan.wanted(t_mhsds_contact)) return;
  const World& world = writer.world;
  auto draw = random_for(world, person.id, Stream::mental_health);
  const Service service{Recorder::mental_health, "ZM1", 500000000000, 11.0, 14.0, t_mhsds_person, t_mhsds_referral, t_mhsds_contact};
  std::vector<std::pair<Date, std::string_view>> referrals;
  each_year(world, person, [&](int y, Date start, Date end, int age) {
    double rate = age >= 5 && age < 18 ? .024 : .0035;
    std::string_view reason = age < 18 ? "13" : "05";
    if (person.has(depression, start)) rate += .055, reason = "04";
    if (person.has(anxiety, start)) rate += .040, reason = "05";
    if (person.has(dementia, start)) rate += .30, reason = "19";
    if (person.has(mental_illness, start)) rate += .80, reason = "02";
    rate *= .5 + .5 * care.gp_multiplier[static_cast<std::size_t>(y)];
    for (int i = count_of(rate * (end - start) / 365.25, draw); i > 0; --i)
      referrals.emplace_back(start + static_cast<int>(draw.below(static_cast<std::uint64_t>(end - start))), reason);
  });
  if (referrals.empty()) return;
  ServiceWriter<mhsds::Person, mhsds::Referral, mhsds::Contact> office(writer, person, service, draw);
  for (const auto& [day, reason] : referrals)
    office.refer(day, [&, why = reason](Row& referral, Row& contact) {
      referral.set(r_source, draw.chance(.5) ? "A1" : "H2");
      referral.set(r_reason, why);
      contact.set(c_team, why == "19" ? "OLDER" : why == "02" ? "CMHT" : why == "13" ? "CAMHS" : "PRIMARY");
    });
}

}  // namespace joinedup::synth
