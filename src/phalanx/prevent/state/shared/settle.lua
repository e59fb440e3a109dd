-- A request that ends: what it got takes the place of what was set aside for it.
--
-- KEYS: accounts, groups, turned away, counts.
-- ARGV: the request, packed as `state.py` does it; the group of its content among those that were
-- turned away.
-- Returns its information value, and the latest moment that any gateway has told.

local said = ARGV[1]
local account, group = string.sub(said, 1, 16), string.sub(said, 17, 32)
local owner, content = string.sub(said, 33, 40), string.sub(said, 41, 48)
local now, began, set_aside, set_aside_value, tokens, weight, repeated, most_accounts, most_groups =
  struct.unpack("<ddddddddd", said, 49)
local has_group, turned_away, register, rank = string.byte(said, 121, 124)

local latest = tick(KEYS[4], now, true)
if turned_away == 1 then
  remember(KEYS[3], KEYS[4], ARGV[2], content, string.sub(account, 1, 8), owner, now)
end

-- For how many new contents this one counts, and the registers with it in them.
local function taken_in(registers)
  if rank <= string.byte(registers, register + 1) then return 0, registers end
  local chance = 0
  for _, each in ipairs({string.byte(registers, 1, REGISTERS)}) do
    chance = chance + 2 ^ -each
  end
  return REGISTERS / chance,
    string.sub(registers, 1, register) .. string.char(rank) .. string.sub(registers, register + 2)
end

local function settled(rows, who, most, is_account)
  local seen, counters, registers, is_new = row_for(rows, who, now)
  local new
  new, registers = taken_in(registers)
  local value = weight * tokens * (repeated + (1 - repeated) * new)
  local elapsed = math.max(seen - began, 0)
  for _, place in ipairs(TOKENS) do
    local left = set_aside * math.exp(-elapsed / HORIZON[place])
    counters[place] = math.max(counters[place] + tokens - left, 0)
  end
  for _, place in ipairs(VALUE) do
    local left = set_aside_value * math.exp(-elapsed / HORIZON[place])
    counters[place] = math.max(counters[place] + value - left, 0)
  end
  add(counters, NEW_CONTENTS, single(new))
  add(counters, DISTINCT_CONTENTS, single(new))
  local forgotten = keep(rows, KEYS[4], who, seen, counters, registers, is_new, most, now)
  if is_account and forgotten > 0 then
    redis.call("HINCRBYFLOAT", KEYS[4], "evicted_value", string.format("%.17g", forgotten))
  end
  return value
end

local value = settled(KEYS[1], account, most_accounts, true)
if has_group == 1 then settled(KEYS[2], group, most_groups, false) end
return struct.pack("<dd", value, latest)
