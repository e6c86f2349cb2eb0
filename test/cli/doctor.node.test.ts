/** `tidings doctor` on wrangler configurations, each in toml and in jsonc: the templates, and one for each error. */
import {
	cpSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse as parseJsonc } from "jsonc-parser";
import { parse as parseToml, stringify } from "smol-toml";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkConfig } from "../../cli/doctor/check-config.ts";
import { UsageError } from "../../cli/usage-error.ts";
import { readWranglerFile } from "../../cli/wrangler-config.ts";

const templates = join(import.meta.dirname, "../../templates");
let folder: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "tidings-doctor-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

// biome-ignore lint/suspicious/noExplicitAny: a test changes any part of a file.
type Raw = Record<string, any>;

const FORMATS = {
	"wrangler.toml": { write: stringify, read: parseToml },
	"wrangler.jsonc": {
		write: (raw: Raw) =>
			`// As wrangler accepts it.\n${JSON.stringify(raw, null, "\t").replace(/\}$/, ",}")}`,
		read: (text: string) => parseJsonc(`{${text}}`),
	},
} as const;

type Name = keyof typeof FORMATS;

/** Copies a template, with a key for local development and a changed configuration. */
function project(template: string, name: Name, edit: (raw: Raw) => void) {
	cpSync(join(templates, template), folder, { recursive: true });
	const path = join(folder, "wrangler.jsonc");
	const raw = parseJsonc(readFileSync(path, "utf8")) as Raw;
	rmSync(path);
	edit(raw);
	writeFileSync(join(folder, ".dev.vars"), "API_KEYS='[]'\n");
	writeFileSync(join(folder, name), FORMATS[name].write(raw));
	return raw;
}

function found(name: Name, environment?: string) {
	return checkConfig(readWranglerFile(join(folder, name)), environment);
}

/** Follows a remedy as a person would: adds its lines, or replaces the entry that has the same name. */
function apply(remedy: string, raw: Raw, name: Name): void {
	const [, ...lines] = remedy.split("\n");
	merge(raw, FORMATS[name].read(lines.join("\n")) as Raw);
	writeFileSync(join(folder, name), FORMATS[name].write(raw));
}

function merge(target: Raw, source: Raw): void {
	for (const [key, value] of Object.entries(source)) {
		const before = target[key];
		if (Array.isArray(value) && typeof value[0] === "object")
			target[key] = [
				...(before ?? []).filter((one: Raw) => !isSame(one, value[0])),
				...value,
			];
		else if (Object(before) === before && !Array.isArray(value))
			merge(before, value);
		else target[key] = value;
	}
}

function isSame(one: Raw, other: Raw): boolean {
	return (["tag", "binding", "name", "queue"] as const).some(
		(key) => one[key] !== undefined && one[key] === other[key],
	);
}

describe.each(Object.keys(FORMATS) as Name[])("%s", (name) => {
	test.each([
		["one-worker"],
		["hono-api"],
		["many-workers/owner"],
		["many-workers/mail"],
		["many-workers/storefront"],
	])("nothing is found in the template %s", (template) => {
		project(template, name, () => {});
		expect(found(name)).toEqual([]);
	});

	test.each<[code: string, problem: string, edit: (raw: Raw) => void]>([
		[
			"queues_not_named",
			"TIDINGS_QUEUES is missing",
			(raw) => {
				delete raw.vars.TIDINGS_QUEUES;
			},
		],
		[
			"producer_missing",
			"my-app-bulk of TIDINGS_QUEUES has no producer BULK_QUEUE",
			(raw) => {
				raw.vars.TIDINGS_QUEUES.lanes = { bulk: "my-app-bulk" };
				raw.queues.consumers.push({
					...raw.queues.consumers[0],
					queue: "my-app-bulk",
				});
			},
		],
		[
			"producer_misnamed",
			"bound as EVENT_QUEUE instead of EVENTS_QUEUE",
			(raw) => {
				raw.queues.producers[0].binding = "EVENT_QUEUE";
			},
		],
		[
			"producer_of_other_queue",
			"the binding EVENTS_QUEUE is of the queue other",
			(raw) => {
				raw.queues.producers[0].queue = "other";
			},
		],
		[
			"consumer_missing",
			"my-app-dead-letters has no consumer",
			(raw) => {
				raw.queues.consumers.pop();
			},
		],
		[
			"consumer_missing",
			"my-app-events has no consumer",
			(raw) => {
				raw.queues.consumers[0].type = "http_pull";
			},
		],
		[
			"dead_letter_queue_missing",
			"my-app-events has no dead_letter_queue",
			(raw) => {
				delete raw.queues.consumers[0].dead_letter_queue;
			},
		],
		[
			"dead_letter_queue_missing",
			"my-app-retries has the dead_letter_queue other",
			(raw) => {
				raw.queues.consumers[1].dead_letter_queue = "other";
			},
		],
		[
			"consumer_settings",
			"my-app-retries has max_batch_size 10, not 1",
			(raw) => {
				raw.queues.consumers[1].max_batch_size = 10;
			},
		],
		[
			"consumer_settings",
			"no max_batch_timeout (the platform's is 5), not 0; max_retries 3, not 100",
			(raw) => {
				delete raw.queues.consumers[0].max_batch_timeout;
				raw.queues.consumers[0].max_retries = 3;
			},
		],
		[
			"object_missing",
			"the objects Scheduler are not declared",
			(raw) => {
				delete raw.exports.Scheduler;
			},
		],
		[
			"object_missing",
			"jobs, idempotency keys answer not_configured",
			(raw) => {
				delete raw.exports.Jobs;
				delete raw.exports.Keys;
			},
		],
		[
			"object_missing",
			"the objects Journal, Jobs, Keys are not declared",
			(raw) => {
				delete raw.exports;
				raw.migrations = [
					{ tag: "v1", new_sqlite_classes: ["Old", "DeadLetters", "Payloads"] },
					{ tag: "v2", renamed_classes: [{ from: "Old", to: "Scheduler" }] },
					{ tag: "v3", new_sqlite_classes: ["Subscriptions"] },
				];
			},
		],
		[
			"flag_missing",
			"queue_consumer_no_wait_for_wait_until is missing",
			(raw) => {
				raw.compatibility_flags = ["nodejs_als"];
			},
		],
		[
			"compatibility_date_old",
			"the compatibility_date is 2026-03-01: Tidings is tested with 2026-11-01",
			(raw) => {
				raw.compatibility_date = "2026-03-01";
			},
		],
		[
			"compatibility_date_old",
			"the compatibility_date is 2024-03-01: the Worker does not find its Durable Objects",
			(raw) => {
				raw.compatibility_date = "2024-03-01";
			},
		],
		[
			"minify_missing",
			"minify is not set",
			(raw) => {
				delete raw.minify;
			},
		],
		[
			"cron_missing",
			"there is no cron trigger",
			(raw) => {
				delete raw.triggers;
			},
		],
		[
			"cron_missing",
			"no cron trigger runs every hour (0 3 * * *)",
			(raw) => {
				raw.triggers.crons = ["0 3 * * *"];
			},
		],
		[
			"rate_limit_half",
			"KEY_RATE_LIMIT has no limit in TIDINGS_RATE_LIMITS",
			(raw) => {
				delete raw.vars.TIDINGS_RATE_LIMITS.key;
			},
		],
		[
			"rate_limit_half",
			"a limit for address, but ADDRESS_RATE_LIMIT is not bound",
			(raw) => {
				raw.ratelimits.shift();
			},
		],
		[
			"not_inherited",
			"env.staging does not inherit vars.TIDINGS_QUEUES",
			(raw) => {
				const { queues } = structuredClone({ queues: raw.queues });
				for (const one of [...queues.producers, ...queues.consumers])
					one.queue += "-staging";
				for (const one of queues.consumers.slice(0, 2))
					one.dead_letter_queue += "-staging";
				raw.env = { staging: { queues, vars: { OTHER: "1" } } };
			},
		],
	])("%s: %s, and its remedy corrects it", (code, problem, edit) => {
		const raw = project("one-worker", name, edit);
		const findings = found(name);
		expect(findings).toEqual([
			expect.objectContaining({
				code,
				problem: expect.stringContaining(problem),
			}),
		]);
		apply(findings[0]?.remedy ?? "", raw, name);
		expect(found(name)).toEqual([]);
	});

	test("the mode of a local run must not be a var, which is deployed", () => {
		project("one-worker", name, (raw) => {
			raw.vars.TIDINGS_LOCAL = "durable";
		});
		expect(found(name)).toMatchObject([
			{
				code: "local_mode_deployed",
				remedy: "Move TIDINGS_LOCAL from vars to .dev.vars.",
			},
		]);
	});

	test("a Worker that has nothing yet gets every line at once", () => {
		const raw = project("one-worker", name, (raw) => {
			for (const key of Object.keys(raw))
				if (key !== "name" && key !== "main") delete raw[key];
		});
		const findings = found(name);
		expect(Map.groupBy(findings, ({ code }) => code).size).toBe(8);
		for (const { remedy } of findings) apply(remedy, raw, name);
		expect(found(name)).toEqual([]);
	});

	test("an environment that states nothing inherits neither queues nor variables, and one remedy each corrects it", () => {
		const raw = project("many-workers/owner", name, (raw) => {
			raw.env = { staging: {} };
		});
		const findings = found(name);
		expect(findings.map(({ problem }) => problem)).toEqual(
			["vars.TIDINGS_QUEUES", "queues", "services"].map(
				(what) =>
					`env.staging does not inherit ${what} from the top of the file`,
			),
		);
		expect(found(name, "staging")).toEqual(findings);
		for (const { remedy } of findings) apply(remedy, raw, name);
		expect(found(name)).toEqual([]);
		const { env } = readWranglerFile(join(folder, name)).environments as Raw;
		expect(raw.env.staging.vars.TIDINGS_QUEUES.events).toBe(
			"tidings-events-staging",
		);
		expect(env).toBeUndefined();
	});

	test("an environment that changes one setting gets a remedy of its own", () => {
		const raw = project("many-workers/mail", name, (raw) => {
			raw.env = { staging: { minify: false } };
		});
		const [finding, ...others] = found(name, "staging");
		expect(others).toEqual([]);
		expect(finding).toMatchObject({
			problem: expect.stringContaining("env.staging: minify"),
		});
		apply(finding?.remedy ?? "", raw, name);
		expect(raw.env.staging.minify).toBe(true);
		expect(found(name)).toEqual([]);
	});

	test.each<[binding: string, code: string, edit: (raw: Raw) => void]>([
		[
			"MAIL",
			"entrypoint_wrong",
			(raw) => {
				delete raw.services[0].entrypoint;
			},
		],
		[
			"MAIL",
			"service_missing",
			(raw) => {
				raw.services = [];
			},
		],
	])(
		"a subscriber %s without its service or entrypoint is %s",
		(binding, code, edit) => {
			const raw = project("many-workers/owner", name, edit);
			const findings = found(name);
			expect(findings).toEqual([
				expect.objectContaining({
					code,
					problem: expect.stringContaining(binding),
				}),
			]);
			apply(findings[0]?.remedy ?? "", raw, name);
			expect(found(name)).toEqual([]);
		},
	);

	test("a publisher whose binding has another entrypoint is found", () => {
		const raw = project("many-workers/storefront", name, (raw) => {
			raw.services[0].entrypoint = "Subscriber";
		});
		const findings = found(name);
		expect(findings).toMatchObject([{ code: "entrypoint_wrong" }]);
		apply(findings[0]?.remedy ?? "", raw, name);
		expect(found(name)).toEqual([]);
	});
});

const toml = "wrangler.toml";

test("a queue with two consumer Workers is found", () => {
	project("one-worker", toml, (raw) => {
		const { vars, queues } = structuredClone(raw);
		raw.env = { staging: { vars, queues, ratelimits: raw.ratelimits } };
	});
	expect(found(toml).map(({ code }) => code)).toEqual(
		Array(3).fill("queue_shared"),
	);
});

test("TIDINGS_QUEUES that the Worker would reject is found, with the Worker's reason", () => {
	project("one-worker", toml, (raw) => {
		raw.vars.TIDINGS_QUEUES.retries = "my-app-events";
	});
	expect(found(toml)).toMatchObject([
		{
			code: "queues_invalid",
			problem: expect.stringContaining("events and retries have the same name"),
		},
	]);
});

test("an object with another storage is found", () => {
	project("one-worker", toml, (raw) => {
		delete raw.exports.Journal.storage;
	});
	expect(found(toml)).toMatchObject([
		{
			code: "object_without_sqlite",
			problem: expect.stringContaining("Journal"),
		},
	]);
});

test("the free plan's batch of events is no finding, and a correction keeps it", () => {
	project("one-worker", toml, (raw) => {
		raw.queues.consumers[0].max_batch_size = 10;
	});
	expect(found(toml)).toEqual([]);
	project("one-worker", toml, (raw) => {
		Object.assign(raw.queues.consumers[0], {
			max_batch_size: 10,
			max_retries: 5,
		});
	});
	expect(found(toml)[0]?.remedy).toContain("max_batch_size = 10");
});

test("a batch of several retries is an error, other settings are warnings", () => {
	project("one-worker", toml, (raw) => {
		raw.queues.consumers[0].max_retries = 5;
		raw.queues.consumers[1].max_batch_size = 5;
	});
	expect(found(toml).map(({ severity }) => severity)).toEqual([
		"warning",
		"error",
	]);
});

test.each([
	["objects_not_exported", "src/index.ts", /export \* from.*/],
	["entrypoint_not_exported", "src/index.ts", /export (?=const Publisher)/],
])("%s is found in the main module", (code, file, line) => {
	project("many-workers/owner", toml, () => {});
	const path = join(folder, file);
	writeFileSync(path, readFileSync(path, "utf8").replace(line, ""));
	expect(found(toml)).toMatchObject([{ code }]);
});

test("API_KEYS that is missing in .dev.vars, or is no JSON, is found", () => {
	project("one-worker", toml, () => {});
	writeFileSync(join(folder, ".dev.vars"), "API_KEYS=tid_local_x\n");
	expect(found(toml)).toMatchObject([{ code: "api_keys_invalid" }]);
	rmSync(join(folder, ".dev.vars"));
	expect(found(toml)).toMatchObject([
		{ code: "api_keys_missing", severity: "warning" },
	]);
});

test("API_KEYS may span lines, as wrangler reads it", () => {
	project("one-worker", toml, () => {});
	writeFileSync(join(folder, ".dev.vars"), "A=1\nAPI_KEYS='[\n]'\nB=2\n");
	expect(found(toml)).toEqual([]);
});

test("a comment in the main module calls nothing", () => {
	project("many-workers/mail", toml, () => {});
	const path = join(folder, "src/index.ts");
	const text = readFileSync(path, "utf8");
	writeFileSync(path, `// publisher(events)\n/* operator(x) */\n${text}`);
	expect(found(toml)).toEqual([]);
});

test("an empty --env checks the top of the file alone, as with wrangler", () => {
	project("one-worker", toml, (raw) => {
		raw.env = { staging: {} };
	});
	expect(found(toml, "")).toEqual([]);
	expect(found(toml)).not.toEqual([]);
});

test.each<[path: string, edit: (raw: Raw) => void]>([
	[
		"queues.consumers",
		(raw) => {
			raw.queues.consumers = { queue: "a" };
		},
	],
	[
		"env.staging.vars",
		(raw) => {
			raw.env = { staging: { vars: "a" } };
		},
	],
	[
		"queues.producers[0].binding",
		(raw) => {
			delete raw.queues.producers[0].binding;
		},
	],
])("a wrong value of %s is wrong usage that names it", (path, edit) => {
	project("one-worker", toml, edit);
	expect(() => found(toml)).toThrow(UsageError);
	expect(() => found(toml)).toThrow(path);
});

test("an unknown environment, a missing file and a syntax error are wrong usage that names the place", () => {
	project("one-worker", toml, () => {});
	expect(() => found(toml, "prod")).toThrow('has no environment "prod"');
	expect(() => readWranglerFile(join(folder, "none.toml"))).toThrow(
		"none.toml",
	);
	writeFileSync(join(folder, toml), 'name = "a"\nmain = \n');
	expect(() => readWranglerFile(join(folder, toml))).toThrow(/2/);
	const json = join(folder, "wrangler.json");
	writeFileSync(json, '{\n"name": "a"\n"main": "b"\n}');
	expect(() => readWranglerFile(json)).toThrow("line 3: CommaExpected");
});

test("a wrangler next to the configuration that does not read exports is an error, with the version that is needed", () => {
	project("one-worker", "wrangler.jsonc", () => {});
	const installed = join(folder, "node_modules/wrangler");
	mkdirSync(installed, { recursive: true });
	for (const version of ["4.86.0", "4.107.0"]) {
		const manifest = { version, bin: { wrangler: "bin/wrangler.js" } };
		const path = join(installed, "package.json");
		writeFileSync(path, JSON.stringify(manifest));
		const problem = expect.stringMatching(
			/^wrangler 4\.86\.0.*needs 4\.107\.0/,
		);
		expect(found("wrangler.jsonc")).toEqual(
			version === "4.107.0"
				? []
				: [expect.objectContaining({ code: "wrangler_old", problem })],
		);
	}
});
