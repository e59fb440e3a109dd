-- What both steps of a request do with the tables, as `state/kernel.py` and
-- `state/turned_away.py` do it: the same arithmetic on the same numbers in the same order.
--
-- A record of an account is when it was last brought up to date (a double, microseconds), its
-- counters (single floats) and the registers of its sketch of contents (bytes).

local FLOATS = "<" .. string.rep("f", #HORIZON)
local HEAD = 8 + 4 * #HORIZON
local NONE = string.rep("\0", 8)
local FREE = string.rep("\0", 24) .. struct.pack("<d", -1)

local function single(number)
  return (struct.unpack("<f", struct.pack("<f", number)))
end

local function add(counters, places, amount)
  for _, place in ipairs(places) do
    counters[place] = single(counters[place] + amount)
  end
end

-- Take in the moment of a request, and return the latest that any gateway has told.
local function tick(counts, now, writes)
  local latest = tonumber(redis.call("HGET", counts, "clock"))
  if not latest or now > latest then
    latest = now
    if writes then redis.call("HSET", counts, "clock", string.format("%.0f", now)) end
  end
  return latest
end

-- Give up, of some rows drawn at random, the one that was idle longest.
local function give_one_up(rows, counts, now)
  local drawn = redis.call("HRANDFIELD", rows, CANDIDATES, "WITHVALUES")
  local idlest, seen, value
  for place = 1, #drawn, 2 do
    local moment = struct.unpack("<d", drawn[place + 1])
    if not idlest or moment < seen then
      idlest, seen = drawn[place], moment
      value = struct.unpack("<f", drawn[place + 1], 9 + 4 * (MONTH_VALUE - 1))
    end
  end
  redis.call("HDEL", rows, idlest)
  redis.call("HINCRBY", counts, "evicted", 1)
  if now - seen < LATELY then redis.call("HINCRBY", counts, "evicted_lately", 1) end
  return value
end

-- Return when a row was seen, its counters as of now, and its registers.
local function row_for(rows, who, now)
  local record = redis.call("HGET", rows, who)
  local counters = {}
  if not record then
    for place = 1, #HORIZON do counters[place] = 0 end
    return now, counters, string.rep("\0", REGISTERS), true
  end
  local seen = struct.unpack("<d", record)
  counters = {struct.unpack(FLOATS, record, 9)}
  counters[#HORIZON + 1] = nil -- where the unpacking ended
  if now > seen then
    for place, horizon in ipairs(HORIZON) do
      if horizon > 0 then
        counters[place] = single(counters[place] * single(math.exp(-(now - seen) / horizon)))
      end
    end
    seen = now
  end
  return seen, counters, string.sub(record, HEAD + 1), false
end

-- Write a row, and return the value that was forgotten to make room for it.
local function keep(rows, counts, who, seen, counters, registers, is_new, most, now)
  local forgotten = 0
  if is_new and redis.call("HLEN", rows) >= most then
    forgotten = give_one_up(rows, counts, now)
  end
  local packed = struct.pack(FLOATS, unpack(counters))
  redis.call("HSET", rows, who, struct.pack("<d", seen) .. packed .. registers)
  return forgotten
end

-- What was turned away lies in groups of a few ways: content, account, owner, moment.
local function continued(away, field, content, account, owner, now)
  local ways = redis.call("HGET", away, field)
  if not ways then return false end
  for start = 1, #ways, 32 do
    local moment = struct.unpack("<d", ways, start + 24)
    if moment >= 0 and now - moment <= WINDOW
      and string.sub(ways, start, start + 7) == content
      and string.sub(ways, start + 8, start + 15) ~= account
      and (owner == NONE or string.sub(ways, start + 16, start + 23) ~= owner) then
      return true
    end
  end
  return false
end

local function remember(away, counts, field, content, account, owner, now)
  local ways = redis.call("HGET", away, field) or string.rep(FREE, WAYS)
  local chosen, oldest = 1, struct.unpack("<d", ways, 25)
  local is_other = true
  for start = 1, #ways, 32 do
    local moment = struct.unpack("<d", ways, start + 24)
    if string.sub(ways, start, start + 15) == content .. account then
      chosen, oldest, is_other = start, moment, false
      break
    end
    if moment < oldest then chosen, oldest = start, moment end
  end
  if is_other and oldest >= 0 and now - oldest <= WINDOW then
    redis.call("HINCRBY", counts, "overwritten", 1)
  end
  local entry = content .. account .. owner .. struct.pack("<d", now)
  redis.call("HSET", away, field,
    string.sub(ways, 1, chosen - 1) .. entry .. string.sub(ways, chosen + 32))
end
