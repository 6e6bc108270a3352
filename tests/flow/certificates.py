"""A test CA, and server certificates that are right or wrong in one way; made with the openssl program."""

import pathlib
import subprocess

CA_CONFIG = """
[ca]
default_ca = test
[test]
dir = {folder}
new_certs_dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""


class Certificates:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.config = self.folder / "ca.cnf"
        self.config.write_text(CA_CONFIG.format(folder=self.folder))
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("1000\n")
        self.ca = self.folder / "ca.pem"
        self.self_signed("ca", "CA:TRUE", "sluice test CA")

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def key(self, name):
        path = self.folder / f"{name}.key"
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
        return path

    def self_signed(self, name, constraint="CA:FALSE", subject="localhost"):
        """Signed by its own key: (certificate, key)."""
        key, path = self.key(name), self.folder / f"{name}.pem"
        self.openssl("req", "-x509", "-new", "-key", key, "-days", "30", "-subj", f"/CN={subject}", "-out", path,
                     "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                     "-addext", f"basicConstraints=critical,{constraint}")
        return path, key

    def issued(self, name, names="DNS:localhost,IP:127.0.0.1", begin="20240101000000Z", end="20491231000000Z"):
        """Signed by the test CA: (certificate, key)."""
        key, request, path = self.key(name), self.folder / f"{name}.csr", self.folder / f"{name}.pem"
        self.openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}", "-out", request)
        self.openssl("ca", "-batch", "-config", self.config, "-keyfile", self.folder / "ca.key", "-cert", self.ca,
                     "-startdate", begin, "-enddate", end, "-in", request, "-out", path, "-notext")
        return path, key
