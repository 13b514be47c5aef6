#include "synth/synth.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "base/file.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "synth/care.hpp"
#include "synth/marginals.hpp"
#include "synth/output.hpp"

namespace joinedup::synth {
namespace {

Result<void> check(const SynthOptions& options) {
  if (options.people == 0 || options.people > 100000000)
    return fail(ErrorCode::wrong_usage, "A synthetic place has between 1 and 100,000,000 people.");
  if (options.years < 1 || options.years > 10) return fail(ErrorCode::wrong_usage, "Ask for 1 to 10 years of activity.");
  if (!(options.error_multiplier >= 0) || options.error_multiplier > 10)
    return fail(ErrorCode::wrong_usage, "The multiplier of error rates lies between 0 and 10.");
  if (!(options.case_finding_objections >= 0) || options.case_finding_objections > 1 || !(options.national_opt_outs >= 0) || options.national_opt_outs > 1)
    return fail(ErrorCode::wrong_usage, "The share of people who object lies between 0 and 1.");
  if (!(options.under_coding >= 0) || options.under_coding > 1)
    return fail(ErrorCode::wrong_usage, "The share of conditions that are never coded lies between 0 and 1.");
  if (!(options.programme.share >= 0) || options.programme.share > .5 || !(options.programme.effect >= 0) || options.programme.effect > 5)
    return fail(ErrorCode::wrong_usage, "A programme enrols at most half of the people, and its effect lies between 0 and 5.");
  return {};
}

Output write_block(const World& world, const Plan& plan, std::uint64_t number) {
  Output out(plan);
  const Block block = make_block(world, number);
  Writer writer(world, plan, block, out);
  if (number == 0) {
    write_gp_static(writer);
    write_gp_codes(writer);
  }
  for (const Person& person : block.people) {
    const Care care = make_care(world, block, person);
    write_registrations(writer, person);
    write_gp_events(writer, person, care);
    write_inpatient(writer, person, care);
    write_outpatient(writer, person, care);
    write_attendances(writer, person, care);
    write_community(writer, person, care);
    write_mental_health(writer, person, care);
    write_social_care(writer, person, care);
    write_death(writer, person, care);
    write_housing(writer, person);
    write_voluntary(writer, person, care);
    write_objection(writer, person);
    write_truth(writer, person, care);
    tally_person(writer, person, care);
  }
  return out;
}

// A file that is written piece by piece, in the order of blocks, under a name of its own until it is whole.
class Piecewise {
 public:
  Piecewise() = default;
  Piecewise(const Piecewise&) = delete;
  Piecewise& operator=(const Piecewise&) = delete;
  Piecewise(Piecewise&& other) noexcept : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)), bytes_(other.bytes_) {}
  ~Piecewise() {
    if (file_ < 0) return;
    ::close(file_);
    ::unlink((path_ + ".new").c_str());
  }
  Result<void> open(std::string path, FileMode mode = FileMode::shared) {
    path_ = std::move(path);
    file_ = ::open((path_ + ".new").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode == FileMode::secret ? 0600 : 0644);
    if (file_ < 0) return tl::unexpected(system_error("The file cannot be written", path_));
    return {};
  }
  Result<void> append(std::string_view text) {
    bytes_ += text.size();
    while (!text.empty()) {
      const auto put = ::write(file_, text.data(), text.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return tl::unexpected(system_error("The file cannot be written", path_));
      text.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
  }
  Result<void> finish() {
    const int file = std::exchange(file_, -1);
    if (::close(file) != 0) return tl::unexpected(system_error("The file cannot be written", path_));
    if (::rename((path_ + ".new").c_str(), path_.c_str()) != 0) return tl::unexpected(system_error("The file cannot be put in place", path_));
    return {};
  }
  void drop() {  // nothing to say: no file
    ::close(std::exchange(file_, -1));
    ::unlink((path_ + ".new").c_str());
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::string path_;
  int file_ = -1;
  std::uint64_t bytes_ = 0;
};

// All the files of a place while blocks arrive; blocks are taken strictly in turn.
class PlaceFiles {
 public:
  PlaceFiles(const World& world, const Plan& plan) : world_(world), plan_(plan), rows_(plan.files.size(), 0) {}

  Result<void> open() {
    const std::string& folder = world_.options.folder;
    for (const auto& file : plan_.files) {
      JOINEDUP_CHECK(make_folder(std::filesystem::path(folder + "/" + file.path).parent_path().string()));
      files_.emplace_back();
      JOINEDUP_CHECK(files_.back().open(folder + "/" + file.path));
      JOINEDUP_CHECK(files_.back().append(plan_.layout(file.table).header()));
    }
    JOINEDUP_CHECK(make_folder(folder + "/truth"));
    constexpr std::pair<const char*, const char*> truths[] = {
        {"person.csv", "feed,row_id,true_person_id\n"},
        {"people.csv", "true_person_id,nhs_number,birth_date,sex,surname,given_name,middle_name,birth_surname,postcode,lsoa11,imd_decile,registered,date_of_death,household,twin_of\n"},
        {"risk.csv", "true_person_id,outcome,probability\n"},
        {"programmes.csv", "programme,true_person_id,start,effect\n"}};
    for (const auto& [name, header] : truths) {
      truth_.emplace_back();
      JOINEDUP_CHECK(truth_.back().open(folder + "/truth/" + name));
      JOINEDUP_CHECK(truth_.back().append(header));
    }
    JOINEDUP_CHECK(make_folder(folder + "/reference"));
    JOINEDUP_CHECK(objections_.open(folder + "/reference/objections.csv", FileMode::secret));
    return objections_.append("nhs_number,purpose,from,until\n");
  }

  Result<void> take(std::uint64_t number, const Output& out) {
    std::unique_lock lock(mutex_);
    turn_.wait(lock, [&] { return next_ == number || failed_; });
    if (failed_) return {};  // another block has said why
    auto done = write(out);
    failed_ = !done;
    ++next_;
    turn_.notify_all();
    return done;
  }
  void give_up() {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    turn_.notify_all();
  }

  Result<SynthSummary> finish() {
    SynthSummary summary;
    summary.people = world_.options.people;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (rows_[i] == 0) {
        files_[i].drop();
        continue;
      }
      JOINEDUP_CHECK(files_[i].finish());
      summary.files.push_back({plan_.files[i].path, rows_[i], files_[i].bytes()});
      summary.rows += rows_[i];
      summary.bytes += files_[i].bytes();
    }
    for (auto& file : truth_) JOINEDUP_CHECK(file.finish());
    JOINEDUP_CHECK(objections_.finish());
    JOINEDUP_CHECK(write_marginals(world_, tally_, world_.options.folder + "/truth/marginals.csv"));
    JOINEDUP_CHECK(write_identity_faults(faults_, world_.options.folder + "/truth/identity.csv"));
    return summary;
  }

 private:
  Result<void> write(const Output& out) {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      JOINEDUP_CHECK(files_[i].append(out.files[i].view()));
      rows_[i] += out.rows[i];
    }
    const Buffer* truths[] = {&out.truth_person, &out.truth_people, &out.truth_risk, &out.truth_programmes};
    for (std::size_t i = 0; i < truth_.size(); ++i) JOINEDUP_CHECK(truth_[i].append(truths[i]->view()));
    JOINEDUP_CHECK(objections_.append(out.objections.view()));
    tally_.add(out.tally);
    for (std::size_t t = 0; t < table_count; ++t) {
      FaultCount& sum = faults_[t];
      const FaultCount& more = out.faults[t];
      sum.rows += more.rows, sum.nhs_missing += more.nhs_missing, sum.nhs_wrong += more.nhs_wrong, sum.birth += more.birth;
      sum.sex += more.sex, sum.old_postcode += more.old_postcode, sum.bad_rows += more.bad_rows, sum.duplicates += more.duplicates;
      sum.people += more.people, sum.people_name_fault += more.people_name_fault;
    }
    return {};
  }

  const World& world_;
  const Plan& plan_;
  std::vector<Piecewise> files_, truth_;
  Piecewise objections_;
  std::vector<std::uint64_t> rows_;
  std::array<FaultCount, table_count> faults_{};
  Tally tally_;
  std::mutex mutex_;
  std::condition_variable turn_;
  std::uint64_t next_ = 0;
  bool failed_ = false;
};

Result<void> write_reference(const World& world) {
  const std::string& folder = world.options.folder;
  JOINEDUP_CHECK(make_folder(folder + "/reference"));
  std::string text = "postcode,lsoa11,imd_decile,la_code\n";
  const auto& areas = world.geography.areas();
  for (std::size_t area = 0; area < areas.size(); ++area)
    for (int i = 0; i < Geography::postcodes_per_area; ++i)
      text += world.geography.postcode(static_cast<int>(area), i) + "," + areas[area].lsoa + "," + std::to_string(areas[area].decile) + "," +
              areas[area].council + "\n";
  return write_file(folder + "/reference/postcode.csv", text);
}

std::string partner_of(std::string_view feed) {
  if (feed.starts_with("gp_")) return "ZP001";
  if (feed == "csds") return "ZC1";
  if (feed == "mhsds") return "ZM1";
  if (feed == "asc_cld") return "991";
  if (feed == "deaths") return "ZR1";
  if (feed == "housing") return "ZH1";
  if (feed == "voluntary") return "ZV1";
  return "ZA1";
}

// Three or so neighbourhood teams, each with practices of its own and places for about one in 250 of their people: fewer than need one.
std::string teams_text(const World& world) {
  const auto& practices = world.geography.practices();
  const std::size_t teams = std::clamp<std::size_t>(practices.size() / 3, 1, 12);
  const auto capacity = std::max<std::uint64_t>(5, world.options.people / teams / 250);
  std::string text;
  for (std::size_t team = 0; team < teams; ++team) {
    text += "\n[[team]]\nname = \"Neighbourhood team " + std::to_string(team + 1) + "\"\npractices = [";
    for (std::size_t practice = team, n = 0; practice < practices.size(); practice += teams, ++n)
      text += (n ? ", \"" : "\"") + practices[practice].code + "\"";
    text += "]\ncapacity = " + std::to_string(capacity) + "\n";
  }
  return text;
}

// Invented workers: each team's core and a practitioner of each of its practices, and those of no team who keep watch over all of them.
std::string workers_text(const World& world) {
  const auto& practices = world.geography.practices();
  const std::size_t teams = std::clamp<std::size_t>(practices.size() / 3, 1, 12);
  std::uint64_t number = 0;
  std::string text;
  const auto add = [&](std::string_view organisation, std::string_view role, std::size_t team) {
    CounterRandom draw(world.options.seed, ++number, 0x776f726b);  // of its own: adding workers changes no other draw
    const auto given = title_case(world.names.given(draw.chance(.6) ? 0 : 1, draw.uniform())), family = title_case(world.names.surname(draw.uniform()));
    text += "\n[[worker]]\ncode = \"SW" + std::to_string(1000 + number) + "\"\ngiven_name = \"" + given + "\"\nfamily_name = \"" + family + "\"\norganisation = \"" +
            std::string(organisation) + "\"\nrole = \"" + std::string(role) + "\"\n";
    if (team > 0) text += "teams = [\"Neighbourhood team " + std::to_string(team) + "\"]\n";
  };
  for (std::size_t team = 0; team < teams; ++team) {
    for (const auto& [organisation, role] : {std::pair("ZC1", "care_coordinator"), {"ZC1", "team_lead"}, {"ZC1", "community_nurse"}, {"991", "social_worker"},
                                             {"ZM1", "mental_health_nurse"}, {"ZH1", "housing_officer"}, {"ZV1", "link_worker"}})
      add(organisation, role, team + 1);
    for (std::size_t practice = team; practice < practices.size(); practice += teams) add(practices[practice].code, "general_practitioner", team + 1);
  }
  add("ZC1", "palliative_nurse", 0);
  add("ZA1", "hospital_doctor", 0);
  add("ZC1", "safeguarding_lead", 0);
  add("ZC1", "caldicott_guardian", 0);
  add("ZC1", "analyst", 0);
  return text;
}

Result<void> write_settings(const World& world, const Plan& plan) {
  const std::string& folder = world.options.folder;
  std::string text = "# A synthetic place: every person in it is invented.\nformat = 1\n\n[place]\nname = \"Synthetic place\"\nsynthetic = true\n";
  text += "data_from = " + world.data_from.to_iso() + "\ndata_to = " + world.options.data_to.to_iso() + "\n\n";
  text += "[limits]\nrejected_percent = 1.0\n\n[reference]\npostcodes = \"reference/postcode.csv\"\n\n"
          "[objections]\nfile = \"reference/objections.csv\"\n";
  for (const auto& partner : organisations)
    text += "\n[[partner]]\ncode = \"" + std::string(partner.code) + "\"\nname = \"" + std::string(partner.name) + "\"\ntype = \"" +
            std::string(partner.type) + "\"\n";
  // Everybody agreed to share: for the care of each person, and for planning.
  for (const auto& partner : organisations)
    for (const auto* purpose : {"direct_care", "secondary_use"})
      text += "\n[[agreement]]\npartner = \"" + std::string(partner.code) + "\"\npurpose = \"" + purpose + "\"\nfrom = " + world.data_from.to_iso() + "\n";
  std::vector<std::string_view> feeds;
  for (const auto& file : plan.files)
    if (std::find(feeds.begin(), feeds.end(), table_file(file.table).feed) == feeds.end()) feeds.push_back(table_file(file.table).feed);
  for (const auto feed : feeds) {
    text += "\n[feeds." + std::string(feed) + "]\npartner = \"" + partner_of(feed) + "\"\n";
    if (feed == "ecds") text += "nhs_pseudonym_key_file = \"keys/ecds_pseudonym.key\"\n";
  }
  text += teams_text(world) + workers_text(world);
  JOINEDUP_CHECK(make_folder(folder + "/keys", FileMode::secret));
  JOINEDUP_CHECK(write_file(folder + "/keys/ecds_pseudonym.key", world.pseudonym_key, FileMode::secret));
  JOINEDUP_CHECK(write_file(folder + "/SYNTHETIC.txt",
                            "Everything in this folder is synthetic. Its people, names, addresses, numbers and illnesses are invented by a program;\n"
                            "nobody in it exists. Area codes are real labels; their people here are not the people who live there. The key in keys/\n"
                            "is made from the seed and protects nothing. truth/ says what the program knows and the product must never read.\n"));
  return write_file(folder + "/place.toml", text);
}

// A synthetic place may be made anew where an older one lies; a place of real people is never touched.
Result<void> clear_old_place(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(folder + "/SYNTHETIC.txt")) {
    for (const char* part : {"/feeds", "/truth"}) {
      fs::remove_all(folder + part, error);
      if (error) return fail(ErrorCode::unavailable, "The old synthetic files cannot be removed: " + error.message() + ".", folder + part);
    }
    return {};
  }
  if (fs::exists(folder + "/place.toml") || fs::exists(folder + "/feeds"))
    return fail(ErrorCode::conflict, "A place lies here already that is not synthetic; a synthetic one is not written over it.", folder);
  return {};
}

}  // namespace

Result<SynthSummary> generate_place(const SynthOptions& options) {
  JOINEDUP_CHECK(check(options));
  if (options.folder.empty()) return fail(ErrorCode::wrong_usage, "Say where the place shall lie: --place DIR.");
  const World world(options);
  const Plan plan(world);
  if (plan.files.empty()) return fail(ErrorCode::wrong_usage, "None of the feeds asked for is one that can be generated.");
  JOINEDUP_CHECK(clear_old_place(options.folder));
  JOINEDUP_CHECK(make_folder(options.folder, std::filesystem::exists(options.folder) ? FileMode::shared : FileMode::secret));  // as a place of real people is
  PlaceFiles files(world, plan);
  JOINEDUP_CHECK(files.open());
  Progress progress("Making people who do not exist", options.people);
  JOINEDUP_CHECK(parallel_for(static_cast<std::size_t>(block_count(options)), options.threads, [&](std::size_t number) -> Result<void> {
    const Output out = write_block(world, plan, number);
    auto done = files.take(number, out);
    progress.advance(people_per_block);
    return done;
  }));
  JOINEDUP_TRY(const auto summary, files.finish());
  JOINEDUP_CHECK(write_reference(world));
  JOINEDUP_CHECK(write_settings(world, plan));
  progress.done(with_commas(static_cast<std::int64_t>(summary.rows)) + " rows");
  return summary;
}

Result<std::vector<FilePart>> generate_people(const SynthOptions& options, std::uint64_t first, std::uint64_t count) {
  JOINEDUP_CHECK(check(options));
  if (first % people_per_block != 0 || (count % people_per_block != 0 && first + count != options.people) || first + count > options.people)
    return fail(ErrorCode::wrong_usage, "A range of people begins and ends at whole blocks of " + std::to_string(people_per_block) + ".");
  const World world(options);
  const Plan plan(world);
  std::vector<FilePart> parts;
  for (const auto& file : plan.files) parts.push_back({file.path, {}});
  for (std::uint64_t at = first; at < first + count; at += people_per_block) {
    const Output out = write_block(world, plan, at / people_per_block);
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i].text += out.files[i].view();
  }
  return parts;
}

}  // namespace joinedup::synth
