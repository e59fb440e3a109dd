#!/usr/bin/env bash
# Two providers, a hub and a key server on this machine, on simulated logs: A finds a campaign and
# shares it, B finds accounts of it and scans again with them, answers, and A takes it back.
#
#   examples/two_providers.sh [FOLDER]        (needs `phalanx` and `python` of the same environment)
set -euo pipefail

phalanx=${PHALANX:-phalanx} python=${PYTHON:-python}
hub_port=${HUB_PORT:-8470} keys_port=${KEYS_PORT:-8471}
work=${1:-$(mktemp -d)}
# The log is of two weeks of the past and begins on a Tuesday: the same one, whatever day it is.
past_tuesday=$(($(date -u -d "15 days ago" +%u) + 5))
start=${START:-$(date -u -d "$((15 + past_tuesday % 7)) days ago" +%F)}
mkdir -p "$work/operator" "$work/a" "$work/b"
cd "$work"
umask 077
say() { printf '\n== %s\n' "$*"; }

say "Two logs: one campaign of 120 accounts, of which 45 are at B"
$phalanx simulate --accounts 6000 --days 14 --campaigns 1 --campaign-accounts 120 --evasion E1 \
  --seed 5 --start "$start" --out both
$python - <<'PY'
import pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq

log, labels = pq.read_table("both/exchanges.parquet"), pq.read_table("both/labels.parquet")
planted = set(labels.filter(pc.is_valid(labels["campaign"]))["account_id"].to_pylist())
accounts = log["account_id"].unique().to_pylist()
at_b = set(sorted(planted)[:45]) | {name for name in accounts if name not in planted and name[-1] in "89abcdef"}
for provider, is_here in (("a", lambda name: name not in at_b), ("b", lambda name: name in at_b)):
    here = pa.array([name for name in accounts if is_here(name)])
    part = log.filter(pc.is_in(log["account_id"], here))
    pq.write_table(part, f"{provider}/exchanges.parquet")
    # What each provider knows of its accounts, and shows nobody: here the cards they paid with.
    cards = part.group_by(["account_id", "payment_fingerprint"]).aggregate([])
    cards = cards.filter(pc.is_valid(cards["payment_fingerprint"]))
    kinds = pa.repeat("payment", cards.num_rows)
    names = ["account_id", "kind", "value"]
    columns = [cards["account_id"], kinds, cards["payment_fingerprint"]]
    pq.write_table(pa.table(columns, names=names), f"{provider}/identifiers.parquet")
PY

say "The operator: a hub, a key server, two members"
(
  cd operator
  $phalanx share hub add-collection campaigns --title Campaigns
  $phalanx share keys rotate > epoch.txt
  for member in a b; do
    $phalanx share hub add-member "provider-$member" -o "../$member/hub-api.key"
    $phalanx share hub set-rights "provider-$member" campaigns --may read --may write --may delete
    $phalanx share keys add-member "provider-$member" -o "../$member/keys-api.key"
  done
)
(cd operator && exec $phalanx share hub serve --port "$hub_port" 2> hub.log) & hub=$!
(cd operator && exec $phalanx share keys serve --port "$keys_port" 2> keys.log) & keys=$!
trap 'kill $hub $keys 2> /dev/null || true; wait' EXIT
for port in "$hub_port" "$keys_port"; do
  until $python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/healthz')" 2> /dev/null
  do sleep 0.2; done
done

say "Each member: settings, a key to sign with, and the agreement with both public keys"
commitment=$(cut -d' ' -f2 operator/epoch.txt)
for member in a b; do
  pseudonym=$([ $member = a ] && echo member-amber-falcon || echo member-quiet-river)
  cat > $member/alliance.toml <<TOML
schema = "phalanx.alliance/1"
member = "$pseudonym"
agreement = "agreement.toml"
bases = ["us-rule-of-reason", "eu-gdpr-6-1-f"]
signing_key = "signing.key"
group_keys = "group.keys"

[hub]
url = "http://127.0.0.1:$hub_port/alliance/collections/campaigns/"
api_key = "hub-api.key"

[key_server]
url = "http://127.0.0.1:$keys_port"
api_key = "keys-api.key"
epochs = ["$commitment"]
TOML
done
key_of() { (cd "$1" && $phalanx share identity); }
cat > agreement.toml <<TOML
schema = "phalanx.agreement/1"
version = "2026.1"
[[member]]
pseudonym = "member-amber-falcon"
jurisdictions = ["us"]
keys = ["$(key_of a)"]
from = 2026-01-01
[[member]]
pseudonym = "member-quiet-river"
jurisdictions = ["eu"]
keys = ["$(key_of b)"]
from = 2026-01-01
[[approver]]
person = "ada"
role = "analyst"
[[approver]]
person = "bo"
role = "counsel"
TOML
cp agreement.toml a/; cp agreement.toml b/

say "The key of the group, which one member makes and the other compares"
$phalanx share sketches new-key a/group.keys
cp a/group.keys b/

say "A scans its log"
cd "$work/a"
$phalanx scan exchanges.parquet --key pseudonym.key --fail-on never

say "A publishes: first to look at, then in earnest; a second time nothing leaves"
$phalanx share publish phalanx-scan --key pseudonym.key --identifiers identifiers.parquet --dry-run | tail -3
$phalanx share publish phalanx-scan --key pseudonym.key --identifiers identifiers.parquet
$phalanx share publish phalanx-scan --key pseudonym.key --identifiers identifiers.parquet
$phalanx share audit | tail -3

say "B scans its log alone"
cd "$work/b"
$phalanx scan exchanges.parquet --key pseudonym.key --out alone --fail-on never

say "B pulls, matches, and scans again with what it was told"
$phalanx share pull
$phalanx share match exchanges.parquet --identifiers identifiers.parquet
$phalanx scan exchanges.parquet --key pseudonym.key --alliance alliance.parquet \
  --profiles alliance/profiles --out together --fail-on never
campaign=$($python -c "
import pyarrow.parquet as pq
print(pq.read_table('alliance/match_list.parquet')['campaign'][0])")

say "B answers"
$phalanx share opine "$campaign" --scan together --key pseudonym.key

say "A hears of it, and takes its campaign back"
cd "$work/a"
$phalanx share pull
$phalanx share retract "$campaign"

say "B drops it and says so; A hears of that"
cd "$work/b"
$phalanx share pull
cd "$work/a"
$phalanx share pull

say "Done: everything is in $work"
