//! State that a component and the animation loop both hold.

use std::cell::RefCell;
use std::rc::Rc;

/// Shared state; as a property it never changes, because it is always the same one.
pub struct Shared<T>(Rc<RefCell<T>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared(Rc::clone(&self.0))
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        Shared(Rc::new(RefCell::new(T::default())))
    }
}

impl<T> Shared<T> {
    /// Shares this.
    pub fn new(inner: T) -> Shared<T> {
        Shared(Rc::new(RefCell::new(inner)))
    }

    /// Uses it. Does nothing, and returns nothing, while it is already in use.
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.0.try_borrow_mut().ok().map(|mut inner| f(&mut inner))
    }
}
