-- SPDX-License-Identifier: BSD-2-Clause
-- For wrk: one line of figures at the end, in place of a report for people.
function done(summary, latency, _)
   local errors = summary.errors
   local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
   io.write(string.format("figures %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(99), failed))
end
