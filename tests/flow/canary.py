"""Values that must not leave: fresh for each test, valid in every checksum, from a seed that is printed."""

import string

WORDS = "amber birch cedar delta ember fjord grove heron iris juniper kestrel larch maple nectar osprey pine".split()


def luhn(digits):
    total = 0
    for i, c in enumerate(reversed(digits)):
        double = int(c) * 2 if i % 2 == 0 else int(c)
        total += double - 9 if double > 9 else double
    return digits + str(-total % 10)


def iban_check(country, account):
    coded = "".join(str(int(c, 36)) for c in account + country + "00")
    return f"{98 - int(coded) % 97:02d}"


class Canary:
    def __init__(self, random):
        self.random = random
        self.values = []

    def keep(self, value):
        self.values.append(value)
        return value

    def digits(self, count):
        return "".join(self.random.choice(string.digits) for _ in range(count))

    def word(self):
        return self.random.choice(WORDS)

    # MEDIUM: a partner may see it as a token

    def email(self):
        return self.keep(f"{self.word()}.{self.word()}{self.digits(4)}@{self.word()}-{self.word()}.com")

    def email_with_plus(self):
        return self.keep(f"{self.word()}+{self.word()}{self.digits(4)}@{self.word()}-{self.word()}.co.uk")

    def phone(self):
        return self.keep(f"+49 30 {self.random.randint(2, 8)}{self.digits(7)}")

    def address(self):
        return self.keep(f"10.{self.random.randint(16, 250)}.{self.random.randint(16, 250)}.{self.random.randint(16, 250)}")

    def host(self):
        return self.keep(f"{self.word()}-{self.digits(3)}.{self.word()}.corp.internal")

    # HIGH: local only

    def iban(self):
        account = self.random.choice("12345678") + self.digits(17)
        return self.keep("DE" + iban_check("DE", account) + account)

    def card(self):
        number = luhn("4" + self.random.choice("123456789") + self.digits(13))
        return self.keep(" ".join(number[i:i + 4] for i in range(0, 16, 4)))

    def ssn(self):
        return self.keep(f"{self.random.randint(301, 599)}-{self.random.randint(11, 89)}-{self.random.randint(1111, 9899)}")

    # BLOCKED: nobody

    def aws_key(self):
        return self.keep("AKIA" + "".join(self.random.choice("ABCDEFGHJKLMNPQRSTUVWXYZ234567") for _ in range(16)))

    def password(self):
        symbols = string.ascii_letters + string.digits
        return self.keep("".join(self.random.choice(symbols) for _ in range(24)) + "7xQ")

    def pem(self):
        line = lambda n: "".join(self.random.choice(string.ascii_letters + string.digits + "+/") for _ in range(n))
        body = [line(64) for _ in range(6)] + [line(40) + "=="]
        self.values.extend(body)
        return "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *body, "-----END RSA PRIVATE KEY-----"])

    # One prompt of each tier

    def low(self):
        return f"Which trees are called {self.word()} in English, and where do they grow?"

    def medium(self):
        return f"Please write to {self.email()} or call {self.phone()} about the delivery."

    def high(self):
        return f"The card {self.card()} was charged twice, refund it to the account {self.iban()}."

    def blocked(self):
        return f"My key is {self.aws_key()}, use it to list the buckets."

    def everything(self):
        return (f"Mail {self.email()}, {self.email_with_plus()}, phone {self.phone()}, pay {self.iban()} by card {self.card()}, "
                f"SSN: {self.ssn()}. The service runs on {self.host()} at {self.address()}.")
