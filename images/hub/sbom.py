"""The bill of materials of the hub image, as CycloneDX 1.6 on standard output.

    sbom.py PYTHON CARGO.LOCK VERSION

PYTHON      of the environment, whose packages cyclonedx-py tells with their licences
CARGO.LOCK  the crates that the program and the Python package were locked to
VERSION     of the image

The packages of Debian are those of the system that this runs in.
"""

import json
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL


def python_packages(python):
    """A bill of the environment's packages."""
    program = Path(sysconfig.get_path("scripts")) / "cyclonedx-py"
    told = subprocess.run(
        [program, "environment", "--spec-version", "1.6", "--output-format", "JSON", "--output-reproducible", python],
        check=True, stdout=subprocess.PIPE, text=True,
    )
    return json.loads(told.stdout)


def component(url, **further):
    text = url.to_string()
    return {"type": "library", "bom-ref": text, "name": url.name, "version": url.version, "purl": text, **further}


def system_packages():
    """Debian's packages, with what the release is called."""
    release = dict(
        line.replace('"', "").split("=", 1)
        for line in Path("/etc/os-release").read_text().splitlines() if "=" in line
    )
    distribution = f"{release['ID']}-{release.get('VERSION_ID', 'unstable')}"
    told = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${Version} ${Architecture}\n"],
        check=True, stdout=subprocess.PIPE, text=True,
    )
    for name, version, architecture in map(str.split, told.stdout.splitlines()):
        qualifiers = {"arch": architecture, "distro": distribution}
        yield component(PackageURL("deb", release["ID"], name, version, qualifiers))


def crates(lock):
    """What of Cargo.lock comes from a registry."""
    for package in tomllib.loads(lock.read_text())["package"]:
        if "checksum" in package:
            hashes = [{"alg": "SHA-256", "content": package["checksum"]}]
            yield component(PackageURL("cargo", None, package["name"], package["version"]), hashes=hashes)


def main(python, lock, version):
    bill = python_packages(python)
    bill["components"] += [*system_packages(), *crates(Path(lock))]
    bill.setdefault("metadata", {})["component"] = {
        "type": "container", "bom-ref": "frazil-hub", "name": "frazil-hub", "version": version,
    }
    text = json.dumps(bill, indent=1)
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"the bill of materials is not CycloneDX 1.6: {wrong}")
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
