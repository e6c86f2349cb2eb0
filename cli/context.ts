/** What every command shares: where the API is, and how answers are printed. */
import type { Command } from "commander";
import { type Admin, createAdmin } from "../src/admin.ts";
import type { HttpTarget } from "../src/publish/http.ts";
import { printJson } from "./print.ts";
import { givenTarget, type TargetOptions, targetOf } from "./target.ts";

/** The named thing does not exist. The exit code is 3. */
export class NotFoundError extends Error {}

export interface Context {
	/** The URL and the key as they were given, without defaults. */
	given(): TargetOptions;
	/** @throws UsageError without a key */
	target(): HttpTarget;
	admin(): Admin;
	isJson(): boolean;
	/** Prints JSON with `--json`, else calls `show`. */
	print(value: unknown, show: () => void): void;
	notFound(what: string): NotFoundError;
}

export function contextOf(program: Command): Context {
	const options = () =>
		program.opts<{ url?: string; key?: string; json?: boolean }>();
	const target = () => targetOf(options());
	return {
		given: () => givenTarget(options()),
		target,
		admin: () => createAdmin(target()),
		isJson: () => options().json === true,
		print(value, show) {
			if (options().json) printJson(value);
			else show();
		},
		notFound: (what) => new NotFoundError(`There is no ${what}.`),
	};
}
