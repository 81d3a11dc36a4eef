export * from './fake-catalog';
