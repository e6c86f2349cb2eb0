// biome-ignore-all format: as the document has it
// biome-ignore-all lint: as the document has it
// biome-ignore-all assist: as the document has it

// events/user-registered.ts
export type UserRegisteredEvent = {
  id: string;
  name: string;
  email: string;
  registeredAt: string;
}
