// biome-ignore-all format: as the document has it
// biome-ignore-all lint: as the document has it
// biome-ignore-all assist: as the document has it

export default {
  provider: 'aws',
  region: 'us-east-1',
  events: {
    eventBus: 'default',
    subscribers: {
      'send-welcome-email': {
        events: ['user.registered', 'user.verified']
      },
      'update-analytics': {
        events: ['user.registered', 'order.completed']
      }
    }
  }
};
