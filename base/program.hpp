// How a program of ours begins and ends: what is true of all verbs and tools before they do anything, and what their caller is told.
//
//   int main(int count, char** words) {
//     begin_program();
//     return end_program(run(count, words));
//   }
//
// A peer or a pipe that goes away while we write is a failed write, never the end of the program: a server has other people to serve.
#pragma once

namespace joinedup {

// SIGPIPE is ignored. OpenSSL writes to sockets without MSG_NOSIGNAL, so every room that speaks TLS over a socket says it too.
void survive_hang_ups();
// survive_hang_ups(), and a closed standard stream is opened on /dev/null, so that no file of ours gets its number and is printed into.
void begin_program();
// What was printed is on its way; else 1 in place of 0 or 3, with a sentence on stderr: `| head -n 1`, a full disk, `>&-`.
int end_program(int status);

}  // namespace joinedup
