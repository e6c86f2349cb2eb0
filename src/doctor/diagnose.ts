/**
 * Finds errors of configuration and deployment that a running owner can find by itself. It changes nothing. `/health`
 * finds what is late or stuck, and the command `tidings doctor` what only the wrangler configuration shows.
 */
import { isAllHandlersId } from "../handlers/route.ts";
import { isObjectDeclared } from "../platform/bindings.ts";
import { hasCompatibilityFlag, secret } from "../platform/environment.ts";
import type { Ports } from "../ports.ts";
import { listDeliveries } from "../schedule/deliveries.ts";
import type { Finding } from "./finding.ts";
import { OPTIONAL_OBJECTS, REQUIRED_OBJECTS, WAIT_FLAG } from "./needs.ts";

type DoctorPorts = Pick<
	Ports,
	"scheduler" | "workers" | "extension" | "journal" | "clock"
>;

/** Never rejects: a check that fails is a finding, too. */
export async function diagnose(ports: DoctorPorts): Promise<Finding[]> {
	const checks = [settings, objects, unreachableWorkers, missingHandlers];
	const found = await Promise.all(
		checks.map((check) =>
			check(ports).catch((error): Finding[] => [
				{
					code: "check_failed",
					severity: "error",
					problem: `a check failed: ${error.message}`,
					remedy: "Read the log of the Worker, and try again.",
				},
			]),
		),
	);
	return found.flat();
}

async function settings(): Promise<Finding[]> {
	const found: Finding[] = [];
	if (!hasCompatibilityFlag(WAIT_FLAG))
		found.push({
			code: "flag_missing",
			severity: "error",
			problem: `the compatibility flag ${WAIT_FLAG} is not set: promises that handlers pass to waitUntil delay or repeat batches`,
			remedy: `Add ${WAIT_FLAG} to compatibility_flags.`,
		});
	if (!(await secret("API_KEYS")))
		found.push({
			code: "api_keys_missing",
			severity: "error",
			problem: "API_KEYS is not set: every API request is answered with 401",
			remedy: "npx wrangler secret put API_KEYS < api-keys.json",
		});
	return found;
}

async function objects({ journal }: DoctorPorts): Promise<Finding[]> {
	const finding = (name: string, severity: Finding["severity"]): Finding => ({
		code: "object_missing",
		severity,
		problem: `the object ${name} is not declared, or the main module does not export it`,
		remedy: `Export * from "tidings/objects", and declare it, or add it to new_sqlite_classes of a new migration:\n[exports.${name}]\ntype = "durable-object"\nstorage = "sqlite"`,
	});
	return [
		...REQUIRED_OBJECTS.filter((name) => !isObjectDeclared(name)).map((name) =>
			finding(name, "error"),
		),
		...missingOptionalObjects(journal !== null).map((name) =>
			finding(name, "warning"),
		),
	];
}

/**
 * The objects of features that this Worker does not declare.
 *
 * @param hasJournal whether the configuration turns it on
 */
export function missingOptionalObjects(hasJournal: boolean): string[] {
	return Object.keys(OPTIONAL_OBJECTS).filter(
		(name) => (name !== "Journal" || hasJournal) && !isObjectDeclared(name),
	);
}

async function unreachableWorkers({
	workers,
}: DoctorPorts): Promise<Finding[]> {
	const reached = await Promise.all(
		workers.all.map(async (worker) => ({
			key: worker.key,
			isReachable: await worker.isReachable(),
		})),
	);
	return reached
		.filter(({ isReachable }) => !isReachable)
		.map(({ key }) => ({
			code: "worker_unreachable",
			severity: "error",
			problem: `the Worker ${key} of tidings.config.ts does not respond: its deliveries wait`,
			remedy: `Deploy it with the export Subscriber, and bind it with entrypoint = "Subscriber".`,
		}));
}

/** Deliveries of one check. */
const DELIVERIES = 1_000;

/** Waiting deliveries whose handler no Worker has any more, such as after it was renamed. */
async function missingHandlers(ports: DoctorPorts): Promise<Finding[]> {
	if (!isObjectDeclared("Scheduler")) return [];
	const { deliveries } = await listDeliveries({ limit: DELIVERIES }, ports);
	const counts = new Map<string, number>();
	for (const { handler, event } of deliveries) {
		if (ports.extension.owns(event.name)) continue;
		const worker = ports.workers.forHandler(handler);
		// It waits for a Worker that did not respond, and is dispatched when that Worker does.
		if (isAllHandlersId(handler, worker.key)) continue;
		const routes = await worker.routes();
		if (routes && !routes.get(handler))
			counts.set(handler, (counts.get(handler) ?? 0) + 1);
	}
	return [...counts].map(([handler, count]) => ({
		code: "handler_missing",
		severity: "error",
		problem: `no Worker has the handler ${JSON.stringify(handler)}, for which ${count} of the next ${DELIVERIES} deliveries wait: they will be dead letters`,
		remedy: `Deploy it again, or route it to its new id:\nroutes: { ${JSON.stringify(handler)}: { handler: "<new id>" } }`,
	}));
}
