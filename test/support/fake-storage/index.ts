export * from './fake-storage';
