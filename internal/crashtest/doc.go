// Package crashtest holds Afterchat to its promise: nothing lost, nothing twice. Its
// tests build and start the real binary against a real PostgreSQL and Redis, with
// vendors that live in the test's own process and so survive, feed it chats through
// both doors, and treat it as badly as production will: kill -9, stopped processes, an
// emptied Redis, a database that is away. Then they count what the vendors received.
//
// There is nothing here but tests. AFTERCHAT_CRASH_SEED repeats a run's schedule, as far
// as the machine lets it.
package crashtest
