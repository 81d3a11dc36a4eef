import type { experimental } from '@grpc/grpc-js';
import type { TlsMaterial } from '../security/tls-files';
import type { TlsWatch } from '../security/tls-watch';

type IdentityListener = experimental.IdentityCertificateUpdateListener;
type CaListener = experimental.CaCertificateUpdateListener;

/**
 * A {@link TlsWatch} as grpc-js takes certificates from. grpc-js has a watcher of files itself: it hands on whatever it reads, and a certificate without its key, or a file
 * that is gone for a moment, has it drop every connection until the next look.
 */
export class TlsProvider implements experimental.CertificateProvider {
  private readonly identityListeners = new Set<IdentityListener>();
  private readonly caListeners = new Set<CaListener>();

  constructor(private readonly watch: TlsWatch) {
    watch.onChange((material) => {
      for (const listener of this.identityListeners) listener(identity(material));
      for (const listener of this.caListeners) listener(authority(material));
    });
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.identityListeners.add(listener);
    // Not at once: servers listen for what this leads to only after they have called.
    process.nextTick(() => listener(identity(this.watch.current)));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.identityListeners.delete(listener);
  }

  addCaCertificateListener(listener: CaListener): void {
    this.caListeners.add(listener);
    process.nextTick(() => listener(authority(this.watch.current)));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.caListeners.delete(listener);
  }
}

function identity({ cert, key }: TlsMaterial): experimental.IdentityCertificateUpdate {
  return { certificate: cert, privateKey: key };
}

function authority({ ca }: TlsMaterial): experimental.CaCertificateUpdate | null {
  return ca === undefined ? null : { caCertificate: ca };
}
