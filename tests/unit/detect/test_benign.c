/* Ordinary technical text, in which the default packs must find nothing at all: every finding here
 * would be a refused or needlessly rewritten request. */
#include "detect/detector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const SNIPPETS[] = {
    /* prose about secrets, without one */
    "How do I reset my password? The password field rejects anything under 12 characters.",
    "Rotate the API key every 90 days and store credentials in the vault, never in the repository.",
    "The access token expires after 3600 seconds; use the refresh token to obtain a new one.",
    "Error: invalid password for user admin. Password must contain 1 uppercase letter and 2 digits.",
    "Set the secret in the CI settings under Settings > Secrets and variables, then re-run job 3.",
    "Bearer authentication is described in RFC 6750; Basic authentication in RFC 7617.",
    "Passwords are hashed with argon2id (t=3, m=65536) before they are stored.",
    "An OTP is a one-time password; codes have 6 digits and rotate every 30 seconds.",
    "-----BEGIN PUBLIC KEY----- starts a public key, -----BEGIN RSA PRIVATE KEY----- a private one.",
    "Use your own key: export OPENAI_API_KEY=sk-... and replace <your-key> in the header.",
    "AWS documents use AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY as samples.",
    "token: a unit of text, about 4 characters; tokens per second: 85",

    /* Python */
    "import getpass\nuser = input('User: ')\npassword = getpass.getpass('Password: ')\nlogin(user, password)\n",
    "api_key = os.environ[\"OPENAI_API_KEY\"]\nclient = OpenAI(api_key=api_key, timeout=30)\n",
    "token = response.json()[\"access_token\"]\nheaders = {\"Authorization\": f\"Bearer {token}\"}\n",
    "def connect(host: str, password: str | None = None, *, token: Optional[str] = None) -> Connection:\n    ...\n",
    "class Settings(BaseSettings):\n    db_password: SecretStr\n    jwt_secret: str = Field(..., min_length=32)\n",
    "password = ''.join(random.choice(string.ascii_letters) for _ in range(16))\n",
    "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')\npad_token = tokenizer.eos_token\n",
    "for i, (key, value) in enumerate(secrets.items()):\n    print(f\"{i:02d} {key}={'*' * len(value)}\")\n",
    "assert hash_password('x', salt=salt) == stored_hash  # noqa: S105\n",
    "@app.route('/users/<int:user_id>')\ndef show(user_id):\n    return db.get(user_id)\n",
    "y = (W @ x.T).reshape(1, -1)\nloss = F.cross_entropy(y, target)\n",

    /* JavaScript and TypeScript */
    "const apiKey = process.env.STRIPE_SECRET_KEY!;\nconst stripe = new Stripe(apiKey, { apiVersion: '2024-04-10' "
    "});\n",
    "interface Login {\n  username: string;\n  password: string;\n  mfaToken?: string;\n}\n",
    "fetch('/api/session', { method: 'POST', credentials: 'include', headers: { 'x-csrf-token': csrf } })\n",
    "const { password, ...rest } = user;\nreturn rest;\n",
    "<input type=\"password\" name=\"password\" autocomplete=\"current-password\" placeholder=\"Your password\">\n",
    "export const labels = { password: 'Password', forgotPassword: 'Forgot your password?', token: 'Access token' };\n",
    "localStorage.setItem('token', token); delete axios.defaults.headers.common['Authorization'];\n",

    /* C, Go, Rust, Java, shell, SQL */
    "static int check_password(const char *password, size_t len) { return len >= 8 ? 0 : -1; }\n",
    "token := r.Header.Get(\"Authorization\")\nif token == \"\" { http.Error(w, \"missing token\", 401) }\n",
    "let password: String = rpassword::prompt_password(\"Password: \")?;\nlet secret_key = SecretKey::random(&mut "
    "rng);\n",
    "String password = System.getenv(\"DB_PASSWORD\");\nKeyStore ks = KeyStore.getInstance(\"PKCS12\");\n",
    "read -rs -p 'Password: ' PASSWORD\nmysql -u \"$USER\" -p\"$PASSWORD\" -h \"$HOST\" app\n",
    "curl -H \"Authorization: Bearer $TOKEN\" -u \"$USER:$PASS\" https://api.example.org/v1/items?page=2\n",
    "CREATE TABLE users (id BIGINT PRIMARY KEY, password_hash CHAR(60) NOT NULL, token_count INT DEFAULT 0);\n",
    "SELECT u.id, u.email FROM users u WHERE u.api_key = $1 AND u.deleted_at IS NULL LIMIT 100;\n",
    "ctx = threading.local(); cfg = self.internal.config; import com.acme.internal.Widget; cp .env.local x\n",
    "template <typename T> std::enable_if_t<std::is_same_v<T, face::add>> f(); a[10:20:2]; x = y ? 1::2 : 3;\n",
    "#define VERSION 0x00010203u\nuint8_t mac[6] = {0x00, 0x1a, 0x2b, 0x3c, 0x4d, 0x5e};\n",
    "printf(\"%s:%d: %08x %5.2f%%\\n\", __FILE__, __LINE__, 0xdeadbeef, 12.5);\n",
    "sed -E 's/[0-9]{3}-[0-9]{2}-[0-9]{4}/XXX-XX-XXXX/g' in.txt | sort -k2,2n | uniq -c\n",

    /* configuration */
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db-secret-1\ntype: Opaque\n",
    "env:\n  - name: DB_PASSWORD\n    valueFrom:\n      secretKeyRef: {name: db-secret-1, key: password}\n",
    "services:\n  db:\n    image: postgres:16.2\n    environment:\n      POSTGRES_PASSWORD: ${DB_PASSWORD:?missing}\n",
    "[core]\n\tsshCommand = ssh -i ~/.ssh/id_ed25519\n[remote \"origin\"]\n\turl = git@github.com:acme/tool.git\n",
    "resource \"aws_db_instance\" \"db\" {\n  password = var.db_password\n  username = local.db_user\n}\n",
    "jobs:\n  test:\n    steps:\n      - uses: actions/checkout@v4\n        with: {token: \"${{ secrets.GITHUB_TOKEN "
    "}}\"}\n",
    "listen 127.0.0.1:8080; server_name localhost; proxy_pass http://localhost:3000; # mask 255.255.255.0\n",
    "\"dependencies\": {\"left-pad\": \"^1.3.0\", \"@types/node\": \"20.11.5\", \"react\": \">=18.2.0 <19\"}\n",
    "sha512-oRRBQ2wG1nqRRgTLpn6QZSYVRvLNdPLTrN1gRJ1wM0ZxGgQQ0F1Ti1QvlCjC4rZkLvKDsZyRvZbkPX1Vp1pYwA==\n",

    /* numbers that are something else */
    "commit 3f2a9c1d7e5b4a6089f1c2d3e4b5a69788776655 (HEAD -> main, tag: v2.10.3)\nDate: Mon Mar 4 12:34:56 2024 "
    "+0100\n",
    "id 123e4567-e89b-12d3-a456-426614174000, trace 4bf92f3577b34da6a3ce929d0e0e4736, span 00f067aa0ba902b7\n",
    "2024-05-01T10:00:00.123456+02:00 INFO [worker-3] done in 1532 ms, 12:34:56, 1714557600, 1714557600000\n",
    "main.c:120:34: warning: unused variable 'len'; see section 4.2.1.3 and lines 100-200, 300-400\n",
    "color: #a1b2c3; background: rgba(12, 34, 56, 0.78); margin: 0 12.5% 34px; margin-left: 20%; width: 1024px;\n",
    "released v1.2.3.4 and 2.0.0-rc.1+build.20240501; Chrome/120.0.6099.71 Safari/537.36; python 3.11.7\n",
    "Pages 259-264, ISBN 978-3-16-148410-0, DOI 10.1000/182, arXiv:1706.03762, RFC 2616, port 8080\n",
    "pi = 3.14159265358979323846; e = 2.718281828459045; 6.02214076e23; 1,234,567.89; 0x7fffffffffffffff\n",
    "It costs $5 a month, or $49 a year; 20% off; a budget of 32k tokens; the forecast is 18 degrees.\n",
    "data:image/"
    "png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==\n",
    "HTTP status code 404, error code 1045, exit code 137, zip code 94103, area code 415, room 4-12\n",
    "matrix rows 1024 2048 4096 8192 and 0.1234 0.5678 0.9012 0.3456; bytes 01 02 03 04 05 06 07 08\n",
    "a+b*c-d/e == f && g != h; regex ^\\d{3}-\\d{4}$ or \\\\d+\\\\w; path C:\\Users\\dev\\src\\main.c\n",

    /* fields of chat requests */
    "{\"model\": \"gpt-4o-2024-08-06\", \"max_tokens\": 4096, \"temperature\": 0.7, \"top_p\": 1, \"seed\": 123456789}",
    "{\"prompt_cache_key\": \"conv-1234\", \"user\": \"u_8842\", \"stream_options\": {\"include_usage\": true}}",
    "{\"role\": \"tool\", \"tool_call_id\": \"call_abc123XYZ\", \"content\": \"{\\\"rows\\\": 12}\"}",
    "{\"type\": \"tool_use\", \"id\": \"toolu_01A09q90qw90lq917835lq9\", \"name\": \"get_weather\", \"input\": "
    "{\"city\": \"Oslo\"}}",
    "{\"id\": \"chatcmpl-9nYAG9vPNfDgl7hQ3kRbUoz1bB2Wd\", \"object\": \"chat.completion\", \"created\": 1721075653, "
    "\"system_fingerprint\": \"fp_44709d6fcb\", \"usage\": {\"prompt_tokens\": 82, \"completion_tokens\": 17, "
    "\"total_tokens\": 99}}",
    "{\"token_type\": \"bearer\", \"expires_in\": 3600, \"next_page_token\": \"CAUQAA9xZ3vKd72mQ\", "
    "\"max_completion_tokens\": 100}",
    "{\"thinking\": {\"type\": \"enabled\", \"budget_tokens\": 10000}, \"stop_sequences\": [\"\\n\\nHuman:\"], "
    "\"logit_bias\": {\"50256\": -100}}",
    "{\"parameters\": {\"type\": \"object\", \"properties\": {\"password\": {\"type\": \"string\", \"minLength\": 8}, "
    "\"api_key\": {\"type\": \"string\", \"description\": \"Key for the service\"}}, \"required\": [\"password\"]}}",
    "{\"previous_response_id\": \"resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b\", \"file_id\": "
    "\"file-BK7bzQj3FfZFXr7DbL6xJwfo\"}",
    "{\"metadata\": {\"client_version\": \"1.2.3.4\", \"session\": \"s-42\", \"trace\": "
    "\"00-4bf92f3577b34da6-00f067aa0ba902b7-01\"}}",
    "prompt_cache_key\": \"conv-1234\n\x1e\nmax_tokens\": 4096\n\x1e\ntool_call_id\": \"call_abc123XYZ\n\x1e\n",
    "password\": \"string\n\x1e\ntype\": \"password\n\x1e\nname\": \"api_key\n\x1e\n",

    /* other languages, and tokens of sluice's own */
    "Das Passwort muss mindestens zw\xc3\xb6lf Zeichen lang sein und darf nicht Ihr Name sein.",
    "\xe3\x83\x91\xe3\x82\xb9\xe3\x83\xaf\xe3\x83\xbc\xe3\x83\x89\xe3\x82\x92\xe5\xbf\x98\xe3\x82\x8c\xe3\x81\x9f\xe5"
    "\xa0\xb4\xe5\x90\x88",
    "Le mot de passe doit contenir 8 caract\xc3\xa8res; la marge est de 12 px.",
    "Write to EMAIL_7KD3MWQ9TX or PHONE_3BCDFGHJKM about CARD_99PQRTVWX2; token: EMAIL_7KD3MWQ9TX",
};
#define SNIPPET_COUNT (sizeof SNIPPETS / sizeof *SNIPPETS)

static void test_nothing_is_found(void **state) {
    (void)state;
    struct pack_source packs[] = {pack_builtin("secrets"), pack_builtin("pii"), pack_builtin("network"),
                                  pack_builtin("finance")};
    struct detector *detector = NULL;
    struct detail detail = {{0}};
    assert_int_equal(detector_create(packs, 4, &detector, &detail), OUTCOME_OK);
    assert_true(SNIPPET_COUNT >= 60);
    unsigned wrong = 0;
    for (size_t s = 0; s < SNIPPET_COUNT; s++) {
        struct arena arena;
        arena_init(&arena, 1u << 20);
        struct scan_text text;
        struct finding_list findings;
        scan_text_init(&text, &arena, 0);
        scan_text_add_run(&text, slice_str(SNIPPETS[s]), 0, 0);
        assert_int_equal(detector_scan(detector, &text, &arena, &findings), OUTCOME_OK);
        for (uint32_t i = 0; i < findings.count; i++)
            print_error("%s finds [%u, %u) in: %s\n", detector_rule(detector, findings.items[i].rule)->id,
                        findings.items[i].begin, findings.items[i].end, SNIPPETS[s]);
        wrong += findings.count;
        arena_reset(&arena);
    }
    detector_destroy(&detector);
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_is_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
