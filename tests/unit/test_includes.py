"""The structure of the house, checked: test_includes.py BUILD_DIR [CC]

Every #include points down only (base <- {detect, vault, route} <- gateway), a foreign library is seen only
where it may be, every header compiles alone, a source file names its own header first, no file is longer
than 600 lines, and none has a name that says nothing. Prints one line a violation; exit status 1 if any.
"""
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("base", "detect", "vault", "route", "gateway", "bench", "tests")
LONGEST_LINES = 600
CODE = {".c", ".h", ".py", ".sh", ".cmake"}
BAD_NAMES = {"utils", "util", "common", "helper", "helpers", "misc"}

# What a folder may include: prefixes of paths. The longest matching folder decides.
MAY_INCLUDE = {
    "base": ["base/"],
    "detect": ["base/", "detect/"],
    "vault": ["base/", "vault/"],
    "route": ["base/", "route/", "detect/finding.h"],
    "gateway/net": ["base/", "gateway/net/"],
    "gateway/http": ["base/", "gateway/http/"],
    "gateway/body": ["base/", "gateway/body/", "vault/token.h", "detect/scan_text.h"],
    "gateway/translate": ["base/", "gateway/body/", "gateway/translate/"],
    "gateway": ["base/", "detect/", "vault/", "route/", "gateway/"],
    "bench": ["base/", "detect/", "vault/", "route/", "gateway/", "bench/"],
    "bench/mock": ["base/", "bench/mock/"],
    "tests": ["base/", "detect/", "vault/", "route/", "gateway/", "bench/", "tests/"],
}

# Where a foreign header may be seen.
FOREIGN = {
    "uv.h": ["gateway/net", "bench"],
    "llhttp.h": ["gateway/http", "bench"],
    "lmdb.h": ["vault"],
    "hs/": ["detect"],
    "hs.h": ["detect"],
    "yaml.h": ["base"],
    "jansson.h": ["gateway", "bench"],
    "mbedtls/": ["gateway", "vault", "bench"],
    "zlib.h": ["gateway/body"],
    "brotli/": ["gateway/body"],
    "zstd.h": ["gateway/body"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def files_of_ours():
    for room in ROOMS:
        for folder, subfolders, names in os.walk(ROOT / room):
            subfolders[:] = sorted(name for name in subfolders if name != "__pycache__" and not name.startswith("."))
            for name in sorted(names):
                yield (Path(folder) / name).relative_to(ROOT).as_posix()


def check_name(path):
    for part in Path(path).parts:
        words = set(re.split(r"[._-]", part.lower()))
        if words & BAD_NAMES:
            yield f"{path}: a name that says nothing: {part}"


def check_length(path, text):
    lines = text.count("\n")
    if lines > LONGEST_LINES:
        yield f"{path}: {lines} lines, at most {LONGEST_LINES}"


def check_foreign(path, header):
    for prefix, folders in FOREIGN.items():
        matches = header.startswith(prefix) if prefix.endswith("/") else header == prefix
        if matches and not path.startswith("tests/") and not any(inside(path, folder) for folder in folders):
            yield f"{path}: <{header}> belongs to {', '.join(folders)}"


def check_direction(path, header):
    folder = max((folder for folder in MAY_INCLUDE if inside(path, folder)), key=len)
    allowed = MAY_INCLUDE[folder]
    if folder == "tests" and (ROOT / "tests" / header).exists():
        return
    if not any(header == prefix or prefix.endswith("/") and header.startswith(prefix) for prefix in allowed):
        yield f'{path}: "{header}" is not below {folder}; allowed: {" ".join(allowed)}'
    elif not (ROOT / header).exists():
        yield f'{path}: "{header}" does not exist (paths begin at the top folder)'


def check_own_header_first(path, includes):
    """X.c begins with X.h, or with X_inside.h, which the parts of X share and which includes X.h."""
    stem = path.removesuffix(".c")
    own = [f"{stem}.h", f"{stem}_inside.h"]
    if stem != path and (ROOT / own[0]).exists() and (not includes or includes[0][1] not in own):
        yield f"{path}: its own header is not included first"


def check_file(path):
    yield from check_name(path)
    if Path(path).suffix not in CODE:
        return
    text = (ROOT / path).read_text(encoding="utf-8")
    yield from check_length(path, text)
    if Path(path).suffix not in {".c", ".h"}:
        return
    includes = INCLUDE.findall(text)
    yield from check_own_header_first(path, includes)
    for bracket, header in includes:
        if bracket == "<":
            yield from check_foreign(path, header)
        else:
            yield from check_direction(path, header)


def include_flags(build):
    """The include folders and definitions that the build uses, each once."""
    flags = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        words = shlex.split(entry["command"])
        for word, following in zip(words, words[1:] + [""]):
            if word == "-isystem":
                flags[("-isystem", following)] = None
            elif word.startswith("-I") or word in {"-D_GNU_SOURCE", "-DLLHTTP_STRICT_MODE=1", "-DSLUICE_FAULTS"}:
                flags[(word,)] = None
    flags[("-I", str(ROOT))] = None
    return [word for flag in flags for word in flag]


def compile_alone(compiler, flags, path):
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-Wno-unused-macros"]
    command = [compiler, "-std=c11", "-fsyntax-only", "-x", "c", *warnings, *flags, "-"]
    done = subprocess.run(command, input=f'#include "{path}"\n#include "{path}"\n', text=True, capture_output=True,
                          check=False)
    if done.returncode == 0:
        return []
    first = next((line for line in done.stderr.splitlines() if "error:" in line), done.stderr.strip())
    return [f"{path}: does not compile alone: {first}"]


def main():
    build, compiler = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "cc"
    paths = list(files_of_ours())
    violations = [violation for path in paths for violation in check_file(path)]
    headers = [path for path in paths if path.endswith(".h")]
    flags = include_flags(build)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(lambda path: compile_alone(compiler, flags, path), headers):
            violations += found
    print("\n".join(violations + [f"{len(paths)} files, {len(headers)} headers, {len(violations)} violations"]))
    return 1 if violations or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
