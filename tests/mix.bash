# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of trtc-mix share: users of one colour, voices, and reading a mix's pixels.
# After lib.bash.

export epoch=1767225600000 # 2026-01-01T00:00:00Z in ms: when users' pictures begin
export canvas=320x180      # of the mixes that are looked at

# mix STATUS OPTION...
mix() {
    expect "$1" trtc-mix "${@:2}"
}

# ---- sources ----

# colour N: the Nth (1 ... 26) of colours that are easily told apart, as rrggbb; 0 is black.
colour() {
    local level=(1e 80 e2) k=$(($1 * 10 % 27))
    if [[ $1 == 0 ]]; then
        echo 000000
    else
        echo "${level[k / 9]}${level[k / 3 % 3]}${level[k % 3]}"
    fi
}

# people SECONDS FILE=N...: files of pictures of colour N (or rrggbb), 160x90 at 5 a second, all by one process.
people() {
    local for=$1 p c in=() out=() n=0
    shift
    for p; do
        c=${p##*=}
        [[ ${#c} -eq 6 ]] || c=$(colour "$c")
        in+=(-f lavfi -i "color=c=0x$c:s=160x90:r=5:d=$for")
        out+=(-map $((n++)) -c:v libx264 -preset ultrafast -g 5 -threads 1 "${p%=*}")
    done
    ffmpeg -nostdin -v error -y "${in[@]}" "${out[@]}"
}

# clips SECONDS FILE=N...: the same with a tone.
clips() {
    local for=$1 p in=() out=() n=1
    shift
    for p; do
        in+=(-f lavfi -i "color=c=0x$(colour "${p##*=}"):s=160x90:r=5:d=$for")
        out+=(-map $((n++)) -map 0 -c:v libx264 -preset ultrafast -g 5 -threads 1 -c:a aac -b:a 32k "${p%=*}")
    done
    ffmpeg -nostdin -v error -y -f lavfi -i "sine=r=16000:d=$for" "${in[@]}" "${out[@]}"
}

# voice SECONDS FILE [HZ]: sound alone.
voice() {
    ffmpeg -nostdin -v error -y -f lavfi -i "sine=${3:-440}:r=16000:d=$1" -c:a aac -b:a 32k "$2"
}

# ---- pixels ----

# The awk functions of those that follow: colours as "rrggbb" and as numbers of `colour`.
mix_awk='
function hex(s,   i, v) { v = 0; for (i = 1; i <= length(s); i++) v = 16 * v + index("123456789abcdef", substr(s, i, 1)); return v }
function named(n,   k) { k = n * 10 % 27; return n == 0 ? "000000" : level(int(k / 9)) level(int(k / 3) % 3) level(k % 3) }
function level(k) { return k == 0 ? "1e" : k == 1 ? "80" : "e2" }
function far(a, b,   i, d, most) {
    most = 0
    for (i = 1; i <= 5; i += 2) {
        d = hex(substr(a, i, 2)) - hex(substr(b, i, 2))
        if (d < 0) d = -d
        if (d > most) most = d
    }
    return most
}
function whose(c,   n, d, best, least) {
    least = 30; best = "?"
    for (n = 0; n <= 26; n++) if ((d = far(c, named(n))) < least) { least = d; best = n }
    return best
}'

# inside FRAME X Y W H COLOUR [WHAT]: lines for `sees`: the middle of a window, and 3 pixels inside each edge and corner.
inside() {
    local f=$1 x=$2 y=$3 w=$4 h=$5 px py
    for py in $((y + 3)) $((y + h / 2)) $((y + h - 4)); do
        for px in $((x + 3)) $((x + w / 2)) $((x + w - 4)); do
            echo "$f $px $py ${*:6}"
        done
    done
}

# windows FRAME "USER=N..." LAYOUT-OPTION...: the same for all windows that trtc-layout gives these users, of these
# colours; points that lie under another window are left out.
windows() {
    local f=$1 who=$2 u users=()
    shift 2
    for u in $who; do users+=("${u%=*}"); done
    trtc-layout -s "$canvas" "$@" "${users[@]}" | awk -v f="$f" -v who="$who" '
        BEGIN { n = split(who, w, /[ =]/); for (i = 1; i < n; i += 2) of[w[i]] = w[i + 1] }
        { nb++; x[nb] = $2; y[nb] = $3; r[nb] = $2 + $4; b[nb] = $3 + $5; name[nb] = $7 == "aux" ? $6 ":aux" : $6 }
        function point(i, px, py,   j) {
            for (j = i + 1; j <= nb; j++) if (px >= x[j] && px < r[j] && py >= y[j] && py < b[j]) return
            print f, px, py, of[name[i]], name[i]
        }
        END {
            for (i = 1; i <= nb; i++) for (j = 0; j < 9; j++) {
                px[0] = x[i] + 3; px[1] = int((x[i] + r[i]) / 2); px[2] = r[i] - 4
                py[0] = y[i] + 3; py[1] = int((y[i] + b[i]) / 2); py[2] = b[i] - 4
                point(i, px[j % 3], py[int(j / 3)])
            }
        }
    '
}

# pixels FILE: frames that stdin names by number, as lines of hex bytes, one a row. Decodes the file once.
pixels() {
    ffmpeg -nostdin -v error -threads 1 -i "$1" -vf "select='$(sort -nu | sed 's/.*/eq(n,&)/' | paste -sd +)'" \
        -fps_mode passthrough -pix_fmt rgb24 -f rawvideo - | od -An -v -tx1 -w$((3 * ${canvas%x*}))
}

# sees FILE [TOLERANCE]: a mix, or a PNG, shows what lines "FRAME X Y COLOUR [WHAT]" on stdin say (COLOUR: rrggbb or a
# number of `colour`; behind a ! any other).
sees() {
    cat >sees.in
    [[ -s sees.in ]] || fail 'nothing to see'
    cut -d ' ' -f 1 sees.in | pixels "$1" | awk -v tol="${2:-16}" -v h="${canvas#*x}" "$mix_awk"'
        FILENAME == "sees.in" {
            not = sub(/^!/, "", $4)
            if (length($4) != 6) $4 = named($4)
            n++; row[n] = $1 " " $3; x[n] = $2; want[n] = $4; other[n] = not; text[n] = $0
            if (!($1 in seen)) { seen[$1]; order[++nb] = $1 + 0 }
            at[row[n]] = at[row[n]] " " n
            next
        }
        FNR == 1 { # frames come in rising order
            for (i = 2; i <= nb; i++) for (j = i; j > 1 && order[j - 1] > order[j]; j--) { t = order[j]; order[j] = order[j - 1]; order[j - 1] = t }
        }
        { key = order[int((FNR - 1) / h) + 1] " " ((FNR - 1) % h) }
        key in at {
            k = split(at[key], due, " ")
            for (i = 1; i <= k; i++) {
                n = due[i]; got = ""
                for (j = 0; j < 3; j++) got = got substr($0, 9 * x[n] + 3 * j + 2, 2)
                done[n] = 1
                if ((far(got, want[n]) <= tol) == other[n]) { print (other[n] ? "not " : "") text[n] ": is " got; bad++ }
            }
        }
        END { for (n in row) if (!(n in done)) { print text[n] ": there is no such pixel"; bad++ } exit bad > 0 }
    ' sees.in - >sees.out || fail "$1: $(head -n 12 sees.out)"
}

# story FILE X,Y...: whose colours the pixels there (in cells of 10x10) have: a line "FRAME N..." wherever that changes
# (?: none of the colours), and "FRAMES end".
story() {
    local file=$1
    shift
    ffmpeg -nostdin -v error -threads 1 -i "$file" -fps_mode passthrough -vf 'scale=iw/10:ih/10:flags=neighbor' -pix_fmt rgb24 -f rawvideo - |
        od -An -v -tx1 -w$((3 * (${canvas%x*} / 10) * (${canvas#*x} / 10))) |
        awk -v points="$*" -v w="${canvas%x*}" "$mix_awk"'
            BEGIN { nb = split(points, p, " ") }
            {
                now = ""
                for (i = 1; i <= nb; i++) {
                    split(p[i], xy, ",")
                    at = 9 * (int(xy[2] / 10) * int(w / 10) + int(xy[1] / 10))
                    c = substr($0, at + 2, 2) substr($0, at + 5, 2) substr($0, at + 8, 2)
                    if (!(c in known)) known[c] = whose(c)
                    now = now " " known[c]
                }
                if (now != before) print NR - 1 now
                before = now
            }
            END { print NR " end" }
        '
}

# tells FILE "X,Y..." LINE...: its story has exactly these lines.
tells() {
    local file=$1 points=$2 got
    shift 2
    # shellcheck disable=SC2086 # points are words
    got=$(story "$file" $points)
    [[ $got == "$(printf '%s\n' "$@")" ]] || fail "$file at $points: $(paste -sd ';' <<<"$got")"
}

# few_late: nothing is amiss but that a busy machine had up to 20 frames of the sound of a source too late: forgets them.
few_late() {
    local line
    while IFS= read -r line; do
        [[ ! $line =~ (enters|leaves)$ ]] || continue
        [[ $line =~ ': late: '([0-9]+)' frame's?' of the sound came too late'$ ]] && ((BASH_REMATCH[1] <= 20)) || return
    done <err
    sed -i '/ came too late$/d' err
}

# ---- two mixes ----

# alike A B DB: two files show the same, picture by picture, to so many dB, and are as long as each other.
alike() {
    local f
    for f in "$1" "$2"; do
        ffprobe -v warning -show_entries stream=codec_name,nb_frames,start_pts,duration_ts -of csv "$f" >"$f.streams"
    done
    ffmpeg -nostdin -v error -y -i "$1" -i "$2" -map 0:a:0 -f s16le "$1.pcm" -map 1:a:0 -f s16le "$2.pcm" \
        -lavfi '[0:v][1:v]psnr=f=psnr.txt[same]' -map '[same]' -f null - || fail 'not comparable'
    diff "$1.streams" "$2.streams" || fail 'not the same tracks'
    [[ $(stat -c %s "$1.pcm") -eq $(stat -c %s "$2.pcm") ]] || fail 'not as long in samples'
    awk -v least="$3" '{ sub(/.*psnr_avg:/, ""); v = $1 == "inf" ? 99 : $1 + 0 }
        v < least { print "picture", NR, v, "dB"; bad = 1 } END { exit bad || NR == 0 }' psnr.txt || fail 'not the same pictures'
}
