/** Validates the routes of `tidings.config.ts` and converts them to route overrides. It does not look handlers up. */
import * as z from "zod";
import type { Duration } from "../event/duration.ts";
import { checkPattern } from "../event/name.ts";
import { show } from "../event/validation.ts";
import { checked } from "../event/zod-errors.ts";
import { isHandlerId, timeoutOf } from "../handlers/handler.ts";
import { policyOf, type Retries } from "../handlers/retry-policy.ts";
import { KEY_SEPARATOR, type Routing, workerKeyOf } from "../handlers/route.ts";
import type { Config } from "./config.ts";

export const WORKER_KEY_FORM = "1 to 64 characters of A-Z a-z 0-9 _ -";

export function isWorkerKey(text: string): boolean {
	return /^[A-Za-z0-9_-]{1,64}$/.test(text);
}

const ROUTE_ID_FORM = `1 to 128 characters without spaces, after <key>${KEY_SEPARATOR} for a handler of another Worker`;

/** Accepts the id of a handler of this Worker, or the qualified id of another Worker's handler. */
function isRouteId(value: unknown): boolean {
	if (typeof value !== "string") return false;
	const key = workerKeyOf(value) ?? "";
	return isWorkerKey(key)
		? isHandlerId(value.slice(key.length + KEY_SEPARATOR.length))
		: isHandlerId(value);
}

const PatternsSchema = checked((events): readonly string[] => {
	const patterns: unknown[] = [events].flat();
	if (patterns.length === 0)
		throw new TypeError(
			"the list is empty; name an event, or leave it out to use the handler's own events",
		);
	return patterns.map((pattern) => {
		checkPattern(pattern);
		return pattern;
	});
});

const RetriesSchema = checked((retries) => policyOf(retries as Retries));
const TimeoutSchema = checked((timeout) => timeoutOf(timeout as Duration));

const RouteSchema = z.strictObject({
	events: PatternsSchema.optional(),
	handler: z
		.custom<string>(isRouteId, {
			error: ({ input }) =>
				`${show(input)} is not the id of a handler; use ${ROUTE_ID_FORM}`,
		})
		.optional(),
	retries: RetriesSchema.optional(),
	timeout: TimeoutSchema.optional(),
} satisfies Record<keyof NonNullable<Config["routes"]>[string], z.ZodType>);

export const RoutesSchema = z
	.record(
		z.string().refine(isRouteId, `the id must be ${ROUTE_ID_FORM}`),
		RouteSchema,
	)
	.transform((routes): Routing["overrides"] =>
		Object.entries(routes).map(([id, { events, handler = id, ...rest }]) => ({
			id,
			handler,
			...(events && { patterns: events }),
			...overridesOf(rest),
		})),
	);

export const DefaultsSchema = z
	.strictObject({
		retries: RetriesSchema.optional(),
		timeout: TimeoutSchema.optional(),
	} satisfies Record<keyof NonNullable<Config["defaults"]>, z.ZodType>)
	.transform(overridesOf);

function overridesOf({
	retries,
	timeout,
}: {
	retries?: Routing["defaults"]["policy"] | undefined;
	timeout?: number | undefined;
}): Routing["defaults"] {
	return {
		...(retries && { policy: retries }),
		...(timeout !== undefined && { timeout }),
	};
}
