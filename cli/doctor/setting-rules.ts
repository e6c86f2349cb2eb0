/** Finds missing settings of a Worker: the cron trigger, the compatibility date and flag, minify, rate limits. */
import { WAIT_FLAG } from "../../src/doctor/needs.ts";
import type { WranglerConfig } from "../wrangler-config.ts";
import { type ConfigFinding, placeOf, remedyOf } from "./remedy.ts";

/** The date that Tidings is tested with. */
const TESTED_DATE = "2026-11-01";

/** From this date, or with the flag, a Worker finds its Durable Objects (Workers, compatibility flags). */
const EXPORTS_DATE = "2025-11-17";
const EXPORTS_FLAG = "enable_ctx_exports";

const CRON = "*/5 * * * *";

/** A cron that runs at least once an hour: it names neither a day nor an hour. */
const OFTEN = /^\S+ (\*|\*\/1) (\*|\*\/1) (\*|\*\/1) \*$/;

/** Of every Worker with Tidings. */
export function generalFindings(config: WranglerConfig): ConfigFinding[] {
	const { compatibility_date: date, minify } = config;
	const found: ConfigFinding[] = [];
	if (date === undefined || date < TESTED_DATE) {
		const flags = config.compatibility_flags ?? [];
		const hasExports = flags.includes(EXPORTS_FLAG);
		const isBroken = !date || (date < EXPORTS_DATE && !hasExports);
		found.push({
			code: "compatibility_date_old",
			severity: isBroken ? "error" : "warning",
			problem: `${placeOf(config, "compatibility_date")}the compatibility_date is ${date ?? "missing"}: ${isBroken ? "the Worker does not find its Durable Objects" : `Tidings is tested with ${TESTED_DATE}`}`,
			...remedyOf(config, "Set in", "compatibility_date", TESTED_DATE),
		});
	}
	if (minify !== true)
		found.push({
			code: "minify_missing",
			severity: "warning",
			problem: `${placeOf(config, "minify")}minify is not set: the upload is almost half as large again`,
			...remedyOf(config, "Set in", "minify", true),
		});
	return found;
}

/** Of an owner. */
export function ownerFindings(config: WranglerConfig): ConfigFinding[] {
	return [
		...flagFindings(config),
		...cronFindings(config),
		...rateLimitFindings(config),
		...localFindings(config),
	];
}

/** A build for development that is deployed by mistake, with NODE_ENV=development in the shell, would use it. */
function localFindings(config: WranglerConfig): ConfigFinding[] {
	if (config.vars?.TIDINGS_LOCAL === undefined) return [];
	return [
		{
			code: "local_mode_deployed",
			severity: "error",
			problem: `${placeOf(config, "vars")}TIDINGS_LOCAL is a var, and would be deployed`,
			remedy: "Move TIDINGS_LOCAL from vars to .dev.vars.",
		},
	];
}

function flagFindings(config: WranglerConfig): ConfigFinding[] {
	const key = "compatibility_flags";
	const flags = config.compatibility_flags ?? [];
	if (flags.includes(WAIT_FLAG)) return [];
	return [
		{
			code: "flag_missing",
			severity: "error",
			problem: `${placeOf(config, key)}the compatibility flag ${WAIT_FLAG} is missing: a promise that a handler passes to waitUntil delays its batch, and repeats it if it rejects`,
			...remedyOf(config, "Set in", key, [...flags, WAIT_FLAG]),
		},
	];
}

function cronFindings(config: WranglerConfig): ConfigFinding[] {
	const { crons = [] } = config.triggers ?? {};
	if (crons.some((cron) => OFTEN.test(cron))) return [];
	return [
		{
			code: "cron_missing",
			severity: "error",
			problem: `${placeOf(config, "triggers")}${crons.length === 0 ? "there is no cron trigger" : `no cron trigger runs every hour (${crons.join("; ")})`}: if the platform loses an alarm of the scheduler, its events stay`,
			...remedyOf(config, "Set in", "triggers", {
				crons: [...crons, CRON],
			}),
		},
	];
}

const LIMITED = ["address", "key", "user", "webhook"];

function rateLimitFindings(config: WranglerConfig): ConfigFinding[] {
	const limits = Object(config.vars?.TIDINGS_RATE_LIMITS);
	const bound = (config.ratelimits ?? []).map(({ name }) => name);
	return LIMITED.flatMap((kind): ConfigFinding[] => {
		const binding = `${kind.toUpperCase()}_RATE_LIMIT`;
		const isBound = bound.includes(binding);
		if (isBound === (limits[kind] !== undefined)) return [];
		return [
			{
				code: "rate_limit_half",
				severity: "error",
				problem: `${placeOf(config, "vars")}${isBound ? `the rate limiter ${binding} has no limit in TIDINGS_RATE_LIMITS` : `TIDINGS_RATE_LIMITS has a limit for ${kind}, but ${binding} is not bound`}: the Worker does not start`,
				...(isBound
					? remedyOf(config, "Add to TIDINGS_RATE_LIMITS in", "vars", {
							TIDINGS_RATE_LIMITS: { ...limits, [kind]: simpleOf(binding) },
						})
					: remedyOf(config, "Add, with an id of your own, to", "ratelimits", [
							limiterOf(binding, limits[kind]),
						])),
			},
		];

		function simpleOf(name: string): object {
			const limiter = config.ratelimits?.find((one) => one.name === name);
			return Object(limiter).simple ?? { limit: 6_000, period: 60 };
		}
	});
}

function limiterOf(name: string, simple: object) {
	return { name, namespace_id: "8701", simple };
}
