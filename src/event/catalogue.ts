/** Types that complete the names of listed events and type their bodies at every entry point. It has no code. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { TidingsEvent } from "../event/envelope.ts";
import type { After } from "./after-form.ts";
import type {
	Definition,
	PublishArguments,
	PublishOptions,
} from "./definition.ts";
import type { Receipt } from "./errors.ts";

/** The listed events by name, each with the input and the output of its schema. */
export type Catalogue = Record<string, { input: unknown; output: unknown }>;

export type CatalogueOf<Definitions extends readonly Definition[]> = {
	[D in Definitions[number] as D["name"]]: {
		input: StandardSchemaV1.InferInput<D["schema"]>;
		output: StandardSchemaV1.InferOutput<D["schema"]>;
	};
};

/** The catalogue of a `createEvents`: `createClient<typeof events>(…)`. */
export type CatalogueIn<Events> = Events extends {
	readonly "~catalogue"?: infer Listed extends Catalogue;
}
	? Listed
	: Record<never, never>;

declare const unset: unique symbol;
/** Stands for a type argument that was not given. */
export type Unset = typeof unset;

declare const strict: unique symbol;
/** Marks a catalogue whose names are the only ones: `createEvents({ strict: true })`. */
export type Strict = { readonly [strict]: true };

type ListedName<Listed extends Catalogue> = Extract<keyof Listed, string>;

/** Any name, of which editors complete the listed ones. Of a strict catalogue only these. */
export type NameIn<Listed extends Catalogue> =
	| ListedName<Listed>
	| (Listed extends Strict ? never : string & {});

/** Any definition; of a strict catalogue only those of listed names. */
export type DefinitionIn<Listed extends Catalogue> = Listed extends Strict
	? Definition<ListedName<Listed>>
	: Definition;

type InputOf<Listed extends Catalogue, Target> =
	Target extends Definition<string, infer BodySchema>
		? StandardSchemaV1.InferInput<BodySchema>
		: Target extends keyof Listed
			? Listed[Target]["input"]
			: unknown;

/**
 * The event that a handler receives. Its body is the output of a definition's schema, the input of a listed name's
 * schema, or else unknown.
 */
export type EventFor<Listed extends Catalogue, Target> =
	Target extends Definition<infer Name, infer BodySchema>
		? TidingsEvent<StandardSchemaV1.InferOutput<BodySchema>, Name>
		: Target extends readonly (infer Each)[]
			? EventFor<Listed, Each>
			: Target extends keyof Listed & string
				? TidingsEvent<Listed[Target]["input"], Target>
				: TidingsEvent;

/** One event of a batch. Without `body`, its body is null. */
export type BatchItem<
	Name extends string = string,
	Body = unknown,
> = PublishOptions & { name: Name } & (null extends Body
		? { body?: Body }
		: { body: Body });

type ItemFor<Listed extends Catalogue, Item> = Item extends {
	name: infer Name extends keyof Listed & string;
}
	? BatchItem<Name, Listed[Name]["input"]>
	: Item;

/** Publishes events: `createEvents` in any Worker, `createClient` anywhere. */
export interface Publishes<Listed extends Catalogue = Catalogue> {
	/**
	 * Publishes one event: `(name)`, `(name, body)` or `(name, options, body)`. Only the number of arguments counts.
	 * Resolves when the event is stored durably.
	 *
	 * @throws RefusedError if the event is invalid (256 KB, one year ahead, the schema); ForbiddenError; UnavailableError
	 * @example
	 * await events.publish("order.placed", { orderId: "o1" });
	 * await events.publish("order.review-requested", { after: "3 days" }, { orderId: "o1" });
	 */
	publish<
		Body = Unset,
		Target extends NameIn<Listed> | DefinitionIn<Listed> = NameIn<Listed>,
	>(
		target: Target,
		...args: PublishArguments<
			[Body] extends [Unset] ? InputOf<Listed, Target> : NoInfer<Body>
		>
	): Promise<Receipt>;

	/**
	 * Publishes 1 to 1 000 events, up to 10 MB. All events are checked before any is accepted.
	 *
	 * @throws RefusedError with the `index` of the first invalid event, or for an empty batch; PartialPublishError
	 */
	publishBatch<const Items extends readonly BatchItem<NameIn<Listed>>[]>(
		items: { [Index in keyof Items]: ItemFor<Listed, Items[Index]> },
	): Promise<Receipt[]>;

	/**
	 * Cancels a scheduled event. Returns false if the event is not scheduled, or no longer.
	 *
	 * @throws ForbiddenError; UnavailableError
	 */
	cancel(id: string): Promise<boolean>;

	/**
	 * Moves a scheduled event. `after` counts from now. Returns false if the event is not scheduled, or no longer.
	 *
	 * @throws RefusedError `invalid_after`; ForbiddenError; UnavailableError
	 */
	reschedule(id: string, after: After): Promise<Receipt | false>;
}
