/** Completes the text of a wrangler configuration by the remedies of the doctor's rules. */
import { configFindings } from "../doctor/check-config.ts";
import {
	configOf,
	type WranglerFile,
	wranglerFileOf,
} from "../wrangler-config.ts";
import { editConfig } from "./edit-config.ts";
import { isTable } from "./edits.ts";

type Change = Record<string, unknown>;

/** A remedy can show what another one still needs, such as the consumer of a queue that was just named. */
const MOST_ROUNDS = 5;

/** @throws UsageError if the text cannot be edited */
export function completeConfig(
	path: string,
	text: string,
	environment: string | undefined,
	isOwner: boolean,
): string {
	let before = text;
	for (let round = 0; round < MOST_ROUNDS; round++) {
		const file = withEnvironment(wranglerFileOf(path, before), environment);
		const changes = configFindings(configOf(file, environment), isOwner)
			.flatMap(({ change }): Change[] => (change ? [change] : []))
			.sort((one, other) => rankOf(one) - rankOf(other));
		const after = changes.reduce<string>(
			(text, change) => editConfig(path, text, change),
			before,
		);
		if (after === before) break;
		before = after;
	}
	return before;
}

/** Adds what is useful to every Worker with Tidings, and what no rule asks for. */
export function withExtras(
	path: string,
	text: string,
	environment: string | undefined,
): string {
	const { top, environments } = wranglerFileOf(path, text);
	const section: Change =
		environment === undefined ? top : (environments[environment] ?? {});
	const isBound = section.version_metadata !== undefined;
	const version = { version_metadata: { binding: "CF_VERSION_METADATA" } };
	const own =
		environment === undefined ? version : { env: { [environment]: version } };
	return editConfig(path, text, {
		...(top.upload_source_maps === undefined && { upload_source_maps: true }),
		...(!isBound && own),
	});
}

/** An environment that the file does not have yet is new. */
function withEnvironment(
	file: WranglerFile,
	environment: string | undefined,
): WranglerFile {
	if (environment === undefined) return file;
	const environments = { [environment]: {}, ...file.environments };
	return { ...file, environments };
}

/** As people write them: plain values first, and the consumers of queues after the producers. */
function rankOf(change: Change): number {
	if (!Object.values(change).some(isTable)) return 0;
	return JSON.stringify(change).includes('"consumers"') ? 2 : 1;
}
