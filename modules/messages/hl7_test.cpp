#include "messages/hl7.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "messages/acknowledge.hpp"
#include "messages/messages.hpp"

namespace joinedup::messages {
namespace {

const std::string plain = "MSH|^~\\&|PAS|RXX|JU||20260131093000||ADT^A01|77|P|2.4\rPID|1||1^^^A~2^^^B^MR||O\\T\\B^Ann||\"\"\r";

TEST(Hl7, AMessageIsReadByItsOwnSeparators) {
  const auto message = parse(plain);
  ASSERT_TRUE(message) << message.error().text();
  EXPECT_EQ(message->type(), "ADT");
  EXPECT_EQ(message->trigger(), "A01");
  EXPECT_EQ(message->control_id(), "77");
  EXPECT_EQ(message->sender(), "PAS|RXX");
  const auto* pid = message->find("PID");
  EXPECT_EQ(message->repetitions(pid, 3), 2u);
  EXPECT_EQ(message->text(pid, 3, {.repetition = 1, .component = 4}), "B");
  EXPECT_EQ(message->text(pid, 5), "O&B");
  EXPECT_TRUE(message->is_cleared(pid, 7));
  EXPECT_EQ(message->text(pid, 7), "");
  const auto other = parse("MSH#!@?%#PAS#RXX###20260131##ADT!A03#5#P#2.4\nPID#1##1!!!A@2!!!B\n");
  ASSERT_TRUE(other) << other.error().text();
  EXPECT_EQ(other->trigger(), "A03");
  EXPECT_EQ(other->text(other->find("PID"), 3, {.repetition = 1}), "2");
}

TEST(Hl7, LineEndsOfAnyKindAndLinesWithinATextAreTaken) {
  for (const char* end : {"\r", "\n", "\r\n", "\r\n\r\n"}) {
    std::string text = plain;
    for (auto at = text.find('\r'); at != text.npos; at = text.find('\r', at + std::strlen(end))) text.replace(at, 1, end);
    const auto message = parse(text);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->segments().size(), 2u);
  }
  const auto broken = parse("MSH|^~\\&|A|B|||1||ADT^A01|1|P|2.4\rNTE|1||a text\nthat goes on\rPID|1||1\r");
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->segments().size(), 3u);
  EXPECT_EQ(broken->text(broken->find("NTE"), 3), "a textthat goes on");
}

TEST(Hl7, EscapesAndCharacterSetsBecomeUtf8) {
  const auto message = parse("MSH|^~\\&|A|B|||1||ADT^A01|1|P|2.4||||||8859/1\rPID|1||1||Bront\xEB^a\\S\\b\\F\\c\\R\\d\\E\\e\\X41\\\\.br\\z\r");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->text(message->find("PID"), 5), "Bront\xC3\xAB");
  EXPECT_EQ(message->text(message->find("PID"), 5, {.component = 2}), "a^b|c~d\\eA z");
  const auto utf8 = parse("MSH|^~\\&|A|B|||1||ADT^A01|1|P|2.4||||||UNICODE UTF-8\rPID|1||1||Bront\xC3\xAB\r");
  EXPECT_EQ(utf8->text(utf8->find("PID"), 5), "Bront\xC3\xAB");
  const auto unsaid = parse("MSH|^~\\&|A|B|||1||ADT^A01|1|P|2.4\rPID|1||1||Bront\xEB \x96\r");
  EXPECT_EQ(unsaid->text(unsaid->find("PID"), 5), "Bront\xC3\xAB \xE2\x80\x93");
}

TEST(Hl7, WhatIsNoMessageIsRefusedWithAReason) {
  for (const std::string text : {"", "MSH", "PID|1", "MSH|^~\\&", "MSH|^^\\&|A|B|||1||ADT^A01|1|P|2.4\r", "MSH|^~\\&|A|B|||1|||1|P|2.4\r", "MSH|^~\\&|A|B|||1||ADT^A01||P|2.4\r",
                                 "MSH|^~\\&|A|B|||1||ADT^A01|1|P|2.4\rMSH|^~\\&|A|B|||1||ADT^A01|2|P|2.4\r", "MSHA^~\\&A"}) {
    const auto message = parse(text);
    ASSERT_FALSE(message) << text;
    EXPECT_FALSE(message.error().sentence.empty());
  }
  EXPECT_FALSE(parse(std::string(plain) + std::string(1, '\0')));
  EXPECT_FALSE(parse(plain + std::string(most_message_bytes, 'x')));
  std::string many = plain;
  for (std::size_t i = 0; i < most_segments; ++i) many += "OBX|1\r";
  EXPECT_FALSE(parse(many));
}

TEST(Hl7, TimesKeepTheirPrecisionAndLondonsSummerIsKnown) {
  EXPECT_EQ(read_moment("20260131093015")->text, "2026-01-31T09:30:15+00:00");
  EXPECT_EQ(read_moment("202607010930")->text, "2026-07-01T09:30:00+01:00");
  EXPECT_EQ(read_moment("202607010930+0000")->text, "2026-07-01T09:30:00+00:00");
  EXPECT_EQ(read_moment("20260101")->text, "2026-01-01");
  EXPECT_EQ(read_moment("202601")->text, "2026-01");
  EXPECT_EQ(read_moment("2026")->text, "2026");
  EXPECT_EQ(read_moment("20210817151943.4+0200")->text, "2021-08-17T15:19:43+02:00");
  EXPECT_EQ(read_moment("202603290030")->text, "2026-03-29T00:30:00+00:00");
  EXPECT_EQ(read_moment("202603290230")->text, "2026-03-29T02:30:00+01:00");
  EXPECT_EQ(read_moment("202610250230")->text, "2026-10-25T02:30:00+00:00");
  EXPECT_LT(read_moment("202607010930")->instant, read_moment("202607010930+0000")->instant);
  for (const char* bad : {"", "20260230", "2026013109301", "2026x131", "202601312500", "20260131093000+9900", "99"}) EXPECT_FALSE(read_moment(bad)) << bad;
}

TEST(Hl7, AFileHoldsFramesBatchesOrOneAfterAnother) {
  const std::string second = "MSH|^~\\&|PAS|RXX|JU||1||ADT^A03|78|P|2.4\rPID|1||1";
  EXPECT_EQ(messages_of_file(plain).size(), 1u);
  EXPECT_EQ(messages_of_file(plain + second).size(), 2u);
  EXPECT_EQ(messages_of_file("\x0B" + plain + "\x1C\r\x0B" + second + "\x1C\r").size(), 2u);
  EXPECT_EQ(messages_of_file("FHS|^~\\&|A\rBHS|^~\\&|A\r" + plain + second + "\rBTS|2\rFTS|1\r").size(), 2u);
  EXPECT_EQ(messages_of_file("\xEF\xBB\xBF" + plain).size(), 1u);
  EXPECT_EQ(messages_of_file("this is no message\n").size(), 1u) << "it is kept as one that cannot be read";
  EXPECT_TRUE(messages_of_file("").empty());
  ASSERT_TRUE(parse(messages_of_file("\x0B" + plain + "\x1C\r\x0B" + second + "\x1C\r")[1]));
}

TEST(Hl7, AnAcknowledgementNamesTheMessageAndNobody) {
  const auto message = parse(plain);
  const auto text = acknowledge(&*message, {.code = "AE", .reason = "It is wrong.", .our_id = "9", .when = "20260101000000+0000"});
  const auto read = parse(text);
  ASSERT_TRUE(read) << text;
  EXPECT_EQ(read->text(read->find("MSA"), 1), "AE");
  EXPECT_EQ(read->text(read->find("MSA"), 2), "77");
  EXPECT_EQ(read->text(read->find("MSH"), 5), "PAS");
  EXPECT_EQ(text.find("Ann"), text.npos);
  EXPECT_EQ(acknowledgement_code(acknowledge(nullptr, {.code = "AE", .reason = "No.", .our_id = "1", .when = "20260101000000+0000"})), "AE");
}

}  // namespace
}  // namespace joinedup::messages
