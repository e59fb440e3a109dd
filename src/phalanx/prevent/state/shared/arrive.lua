-- A request that comes in: counted, and what is known then is returned.
--
-- KEYS: accounts, groups, turned away, counts.
-- ARGV: the request, packed as `state.py` does it; the group of its content among those that were
-- turned away.
-- Returns the counters of the account, those of its group if it has one, whether it continues what
-- another account was turned away with, and the latest moment that any gateway has told.

local said = ARGV[1]
local account, group = string.sub(said, 1, 16), string.sub(said, 17, 32)
local owner, content = string.sub(said, 33, 40), string.sub(said, 41, 48)
local now, tokens, value, most_accounts, most_groups = struct.unpack("<ddddd", said, 49)
local has_group, matches, writes = string.byte(said, 89, 91)
writes = writes == 1

local latest = tick(KEYS[4], now, writes)
local continues = continued(KEYS[3], ARGV[2], content, string.sub(account, 1, 8), owner, now)

local function arrived(rows, who, most, is_account)
  local seen, counters, registers, is_new = row_for(rows, who, now)
  add(counters, REQUESTS, 1)
  add(counters, TOKENS, single(tokens))
  add(counters, VALUE, single(value))
  if continues then add(counters, CONTINUATIONS, 1) end
  if matches == 1 then add(counters, TEMPLATE_MATCHES, 1) end
  if writes then
    local forgotten = keep(rows, KEYS[4], who, seen, counters, registers, is_new, most, now)
    if is_account and forgotten > 0 then
      redis.call("HINCRBYFLOAT", KEYS[4], "evicted_value", string.format("%.17g", forgotten))
    end
  end
  return struct.pack(FLOATS, unpack(counters))
end

local known = arrived(KEYS[1], account, most_accounts, true)
if has_group == 1 then known = known .. arrived(KEYS[2], group, most_groups, false) end
return known .. string.char(continues and 1 or 0) .. struct.pack("<d", latest)
